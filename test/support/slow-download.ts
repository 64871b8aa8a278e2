import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { KeyHolder, TestApp } from "./test-app";

const documentContent = `query ($id: ID!) { documentContent(id: $id) { url } }`;

/** Larger than the network's buffers for a client that reads nothing, and of a type that is fast to index. */
const content = `["${"x".repeat(20_000_000)}"]`;

/** A download whose client reads only the beginning until `rest` is called. */
export class SlowDownload {
  private constructor(private readonly response: IncomingMessage) {}

  /** Downloads a new document by a link that the key requested. */
  static async begin(app: TestApp, key: KeyHolder): Promise<SlowDownload> {
    const id = await app.document(await app.session(), content, `${randomUUID()}.json`);
    const link = (await key.data(documentContent, { id })).documentContent.url as string;
    const [response] = (await once(get(new URL(link, key.url)), "response")) as [IncomingMessage];
    response.pause().on("error", () => undefined);
    return new SlowDownload(response);
  }

  /** @returns whether the download completed */
  async rest(): Promise<boolean> {
    this.response.resume();
    // once() would reject on an error before the connection closes.
    await new Promise((resolve) => this.response.once("close", resolve));
    return this.response.complete;
  }
}
