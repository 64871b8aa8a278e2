import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Client } from "./client";

export interface SlowAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

/** A request of which the server has the head and half the body. Its connection is meant to be kept for others. */
export class SlowRequest {
  private constructor(
    private readonly request: ClientRequest,
    private readonly rest: Buffer,
  ) {}

  static async begin({ url, credential }: Client, contentType: string, content: string): Promise<SlowRequest> {
    const body = Buffer.from(content);
    const half = body.length >> 1;
    const sent = request(url, {
      method: "POST",
      agent: new Agent({ keepAlive: true }),
      headers: {
        ...Object.fromEntries(credential ? [credential] : []),
        "content-type": contentType,
        "content-length": body.length,
        "apollo-require-preflight": "1",
        // The server says when it has the head.
        expect: "100-continue",
      },
    });
    // Whoever waits for the answer hears of it.
    sent.on("error", () => undefined);
    sent.flushHeaders();
    await once(sent, "continue");
    sent.write(body.subarray(0, half));
    return new SlowRequest(sent, body.subarray(half));
  }

  static operation(client: Client, query: string, variables: object = {}): Promise<SlowRequest> {
    return SlowRequest.begin(client, "application/json", JSON.stringify({ query, variables }));
  }

  static upload(client: Client, sessionId: string, content: string): Promise<SlowRequest> {
    const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id size } } }`;
    const parts = [
      [`name="operations"`, JSON.stringify({ query, variables: { input: { sessionId, file: null } } })],
      [`name="map"`, JSON.stringify({ file: ["variables.input.file"] })],
      [`name="file"; filename="slow.txt"\r\ncontent-type: text/plain`, content],
    ];
    const body = parts.map(([head, text]) => `--cut\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`);
    return SlowRequest.begin(client, "multipart/form-data; boundary=cut", `${body.join("")}--cut--\r\n`);
  }

  /** Sends the rest. */
  finish(): Promise<SlowAnswer> {
    const answer = this.answer();
    this.request.end(this.rest);
    return answer;
  }

  /** What comes without the rest. */
  async answer(): Promise<SlowAnswer> {
    const [response] = (await once(this.request, "response")) as [IncomingMessage];
    const chunks = (await response.setEncoding("utf8").toArray()) as string[];
    return { status: response.statusCode, headers: response.headers, body: JSON.parse(chunks.join("")) };
  }

  /** Waits until the server has cut the connection. */
  async cut(): Promise<void> {
    if (!this.request.destroyed) await once(this.request, "close");
  }
}
