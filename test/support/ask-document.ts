import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GraphQLAnswer } from "./client";
import { readDocument, type TestDocument } from "./documents";
import type { TestServer } from "./server";

/** A small document with one of the peculiarities that real ones have. */
export const caseFile = (name: string): Buffer => readFileSync(join(__dirname, "../cases/retrieval", name));

interface Asked {
  readonly document: TestDocument;
  /** The answers of `builtin:extractive`, by question. */
  readonly answers: readonly string[];
}

const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { output } } }`;

/** Uploads a document, waits until it has been processed, and asks questions, each in a session of its own. */
export async function askDocument(
  server: TestServer,
  content: Buffer,
  ...questions: readonly string[]
): Promise<Asked> {
  const app = await server.newApp();
  const agentId = await app.agent();
  const upload = async () => {
    const id = await app.session();
    const { errors } = (await server.admin.upload(id, content)).body as GraphQLAnswer;
    if (errors) throw new Error(errors[0]?.message);
    return { id, document: await readDocument(server.admin, id) };
  };
  const { document } = await upload();
  const answers: string[] = [];
  for (const text of questions) {
    const { id } = await upload();
    const { executeAgent } = await server.admin.data(execute, { input: { agentId, text, session: { id } } });
    answers.push(executeAgent.run.output as string);
  }
  return { document, answers };
}
