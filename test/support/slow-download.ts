import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { KeyHolder, TestApp } from "./test-app";

const documentContent = `query ($id: ID!) { documentContent(id: $id) { url } }`;

/** More than what a network keeps for a client that takes nothing, and of no type that takes long to read. */
const content = `["${"x".repeat(20_000_000)}"]`;

/** A download of which the client takes nothing but the beginning, until it is told to go on. */
export class SlowDownload {
  private constructor(private readonly response: IncomingMessage) {}

  /** By a link that a key has asked for, of a document of its own. */
  static async begin(app: TestApp, key: KeyHolder): Promise<SlowDownload> {
    const id = await app.document(await app.session(), content, `${randomUUID()}.json`);
    const link = (await key.data(documentContent, { id })).documentContent.url as string;
    const [response] = (await once(get(new URL(link, key.url)), "response")) as [IncomingMessage];
    response.pause().on("error", () => undefined);
    return new SlowDownload(response);
  }

  /** @returns whether all of it came */
  async rest(): Promise<boolean> {
    this.response.resume();
    // Which once() would not wait for after an error.
    await new Promise((resolve) => this.response.once("close", resolve));
    return this.response.complete;
  }
}
