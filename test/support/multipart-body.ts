export const multipart = "multipart/form-data; boundary=b";

export function part(disposition: string, value: string | Buffer, type?: string): Buffer {
  const contentType = type ? `content-type: ${type}\r\n` : "";
  const header = `--b\r\ncontent-disposition: form-data; ${disposition}\r\n${contentType}\r\n`;
  return Buffer.concat([Buffer.from(header), Buffer.from(value), Buffer.from("\r\n")]);
}

export function field(name: string, value: string | object): Buffer {
  return part(`name="${name}"`, typeof value === "string" ? value : JSON.stringify(value));
}

/** @param bytes the content, or its length */
export function file(name: string, bytes: string | Buffer | number): Buffer {
  const value = typeof bytes === "number" ? Buffer.alloc(bytes, "x") : bytes;
  return part(`name="${name}"; filename="a.txt"`, value, "text/plain");
}

/** The fields that map a file named `file` to the variable of that name. */
export function fields(): Buffer[] {
  return [field("operations", { query: "", variables: { file: null } }), field("map", { file: ["variables.file"] })];
}

export function bodyOf(parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.from("--b--\r\n")]);
}

/** The raw head of a request with a body of this length. */
export const head = (length: number, connection = "keep-alive"): string =>
  `POST / HTTP/1.1\r\nhost: localhost\r\nconnection: ${connection}\r\ncontent-type: ${multipart}\r\ncontent-length: ${length}\r\n\r\n`;
