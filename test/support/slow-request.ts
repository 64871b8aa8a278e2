import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Client } from "./client";

export interface SlowAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

/** A request whose head and half of whose body are sent. Its connection is keep-alive. */
export class SlowRequest {
  private constructor(
    private readonly request: ClientRequest,
    private readonly rest: Buffer,
  ) {}

  static async start({ url, credential }: Client, contentType: string, content: string): Promise<SlowRequest> {
    const body = Buffer.from(content);
    const half = body.length >> 1;
    const started = request(url, {
      method: "POST",
      agent: new Agent({ keepAlive: true }),
      headers: {
        ...Object.fromEntries(credential ? [credential] : []),
        "content-type": contentType,
        "content-length": body.length,
        "apollo-require-preflight": "1",
        // The server answers this once it has read the head.
        expect: "100-continue",
      },
    });
    // The error is reported to the caller that waits for the answer.
    started.on("error", () => undefined);
    started.flushHeaders();
    await once(started, "continue");
    started.write(body.subarray(0, half));
    return new SlowRequest(started, body.subarray(half));
  }

  static operation(client: Client, query: string, variables: object = {}): Promise<SlowRequest> {
    return SlowRequest.start(client, "application/json", JSON.stringify({ query, variables }));
  }

  static upload(client: Client, sessionId: string, content: string): Promise<SlowRequest> {
    const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id size } } }`;
    const parts = [
      [`name="operations"`, JSON.stringify({ query, variables: { input: { sessionId, file: null } } })],
      [`name="map"`, JSON.stringify({ file: ["variables.input.file"] })],
      [`name="file"; filename="slow.txt"\r\ncontent-type: text/plain`, content],
    ];
    const body = parts.map(([head, text]) => `--cut\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`);
    return SlowRequest.start(client, "multipart/form-data; boundary=cut", `${body.join("")}--cut--\r\n`);
  }

  /** Sends the rest. */
  finish(): Promise<SlowAnswer> {
    const answer = this.answer();
    this.request.end(this.rest);
    return answer;
  }

  /** Waits for the answer without sending the rest. */
  async answer(): Promise<SlowAnswer> {
    const [response] = (await once(this.request, "response")) as [IncomingMessage];
    const chunks = (await response.setEncoding("utf8").toArray()) as string[];
    return { status: response.statusCode, headers: response.headers, body: JSON.parse(chunks.join("")) };
  }

  /** Waits until the server has closed the connection. */
  async cut(): Promise<void> {
    if (!this.request.destroyed) await once(this.request, "close");
  }
}
