import { type OutgoingHttpHeaders, request } from "node:http";
import { Readable } from "node:stream";

export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

interface RawRequest {
  readonly method?: string;
  /** A list is sent as repeated headers. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer | AsyncIterable<string>;
  /** Whether the body is not finished, so that the server keeps waiting. */
  readonly isUnfinished?: boolean;
}

/** Sends a request without changing anything. */
export function sendRaw(url: string, { method = "POST", headers = {}, body = "", isUnfinished }: RawRequest = {}) {
  return new Promise<RawAnswer>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
        sent.destroy();
      });
    });
    sent.on("error", reject);
    if (typeof body === "object" && Symbol.asyncIterator in body) Readable.from(body).pipe(sent);
    else if (isUnfinished === true) sent.write(body);
    else sent.end(body);
  });
}
