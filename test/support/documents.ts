import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "./client";
import type { TestServer } from "./server";

export interface TestDocument {
  readonly id: string;
  readonly mimeType: string;
  readonly status: "PROCESSING" | "READY" | "FAILED";
  readonly error: string | null;
}

export async function documentsOf(client: Client, sessionId: string): Promise<readonly TestDocument[]> {
  const query = `query ($id: ID!) { session(id: $id) { documents { id mimeType status error } } }`;
  return (await client.data(query, { id: sessionId })).session.documents as TestDocument[];
}

/** Waits until the last document of a session has been processed. */
export async function readDocument(client: Client, sessionId: string): Promise<TestDocument> {
  for (;;) {
    const last = (await documentsOf(client, sessionId)).at(-1);
    if (last && last.status !== "PROCESSING") return last;
    await delay(50);
  }
}

/** Starts the workers, so that short documents are processed before their upload is answered, even on a slow machine. */
export async function warmReader(server: TestServer): Promise<void> {
  const app = await server.newApp();
  const sessionId = await app.session();
  await app.document(sessionId);
  await readDocument(server.admin, sessionId);
}

/** The paths of all files in a data directory, recursively. */
export const filesIn = async (dataDir: string): Promise<string[]> =>
  (await readdir(dataDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** A text that takes a second or two to index. */
export const slowText = (): string => "The barn is red. ".repeat(200_000);
