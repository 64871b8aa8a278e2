import { productionTimings } from "../../../src/timings";
import { documentsOf, slowText } from "../../support/documents";
import { execute, executeAgent, finished, refusalOf } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
/** With the times of production, a long document is still being processed when its upload is answered. */
const server = useServer({}, { "test:model": model }, undefined, productionTimings);
const unknown = "00000000-0000-7000-8000-000000000000";
const text = "How long can goods be returned?";

const citing = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { id documentIds status citations { document { id } } error { code } } }
}`;

/** A session with two documents that answer the same question. */
async function withDocuments() {
  const app = await server.current.newApp();
  const [agentId, sessionId, key] = [await app.agent(), await app.session(), await app.key()];
  const first = await app.document(sessionId, "Goods can be returned within 30 days.");
  const second = await app.document(sessionId, "Goods can be returned within 14 days.");
  const cited = async (documentIds?: readonly string[] | null) => {
    const { executeAgent: executed } = await key.data(citing, {
      input: { agentId, session: { id: sessionId }, text, documentIds },
    });
    expect(executed.run.status).toBe("SUCCEEDED");
    return { run: executed.run, ids: executed.run.citations.map((each: any) => each.document.id).sort() };
  };
  return { app, agentId, sessionId, key, first, second, cited };
}

test("a run searches only the documents that it names, all if it names no list, none if the list is empty", async () => {
  const { first, second, cited } = await withDocuments();
  for (const all of [undefined, null]) {
    const { run, ids } = await cited(all);
    expect(ids).toEqual([first, second].sort());
    expect(run.documentIds).toBeNull();
  }
  for (const only of [first, second]) {
    const { run, ids } = await cited([only, only]);
    expect(ids).toEqual([only]);
    expect(run.documentIds).toEqual([only]);
  }
  expect((await cited([second, first])).ids).toEqual([first, second].sort());
  const none = await cited([]);
  expect(none).toMatchObject({ run: { documentIds: [] }, ids: [] });
});

test("a run names at most 1,000 documents, and only those of its session; others are indistinguishable from unknown ones", async () => {
  const { app, agentId, sessionId, key, first } = await withDocuments();
  const foreign = await withDocuments();
  const elsewhere = await app.document(await app.session(), "Goods can be returned within 7 days.");
  const refusal = async (documentIds: readonly string[], session: object = { id: sessionId }) =>
    (await key.errors(executeAgent, { input: { agentId, session, text, documentIds } }))[0]?.extensions;

  const refused = await refusal([first, unknown]);
  expect(refused).toEqual({
    code: "BAD_USER_INPUT",
    fields: [{ field: "input.documentIds", message: "must be documents of the session" }],
  });
  for (const id of [foreign.first, elsewhere, "nonsense", ""]) expect(await refusal([first, id])).toEqual(refused);
  // A session that the execution would open has no documents, and is not opened.
  expect(await refusal([first], { reference: "new" })).toEqual(refused);
  expect((await key.data(`{ sessions(filter: { reference: "new" }) { totalCount } }`)).sessions.totalCount).toBe(0);

  const many = (count: number) => Array.from({ length: count }, () => first);
  expect(await refusal(many(1_000))).toBeUndefined();
  expect(await refusal(many(1_001))).toMatchObject({ fields: [{ field: "input.documentIds" }] });
});

test("a run does not wait for documents that it does not name", async () => {
  const { agentId, sessionId, key, first, cited } = await withDocuments();
  const { body } = await server.current.admin.upload(sessionId, slowText().repeat(2));
  const slow = body.data.uploadDocument.document;
  const statusOfSlow = async () =>
    (await documentsOf(server.current.admin, sessionId)).find(({ id }) => id === slow.id)?.status;

  // Runs of a session end in their order, so that one which waited would hold up the next.
  expect((await cited([])).ids).toEqual([]);
  expect((await cited([first])).ids).toEqual([first]);
  expect(await statusOfSlow()).toBe("PROCESSING");
  const waiting = await execute(key, { agentId, session: { id: sessionId }, documentIds: [slow.id], waitMs: 0 });
  expect(await finished(key, waiting.run.id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await statusOfSlow()).toBe("READY");
});

describe("metadata", () => {
  const read = `query ($id: ID!) { run(id: $id) { metadata } }`;

  test("are stored with the run as they were given, and told to callers who may view sessions", async () => {
    const app = await server.current.newApp();
    const [agentId, key] = [await app.agent({ model: "test:model" }), await app.key()];
    const metadata = { order: 66, "日本 🐴": [null, true, { deep: "é" }] };
    const { run } = await execute(key, { agentId, metadata });
    expect((await key.data(read, { id: run.id })).run.metadata).toEqual(metadata);
    expect((await server.current.admin.data(read, { id: run.id })).run.metadata).toEqual(metadata);

    const runner = await app.key({ runtime: ["RUN"] });
    expect(await runner.code(read, { id: run.id })).toBe("FORBIDDEN");
    const bare = await execute(key, { agentId });
    expect((await key.data(read, { id: bare.run.id })).run.metadata).toBeNull();
  });

  test("are an object of up to 16,000 characters of JSON, which count as bytes of messages", async () => {
    const app = await server.current.newApp();
    const [agentId, key] = [await app.agent({ model: "test:model" }), await app.key()];
    const sized = (length: number) => ({ text: "x".repeat(length - '{"text":""}'.length) });
    for (const metadata of [sized(16_001), [], "text", 1]) {
      expect(await refusalOf(key, { agentId, metadata })).toBe("BAD_USER_INPUT");
    }
    const limit = `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { messageBytes: 16000 } }) { app { id } } }`;
    await server.current.admin.data(limit, { id: app.id });
    expect(await refusalOf(key, { agentId, metadata: sized(16_000) })).toBe("LIMIT_REACHED");
    expect(await refusalOf(key, { agentId, metadata: sized(1_000) })).toBeUndefined();
  });
});

test("a repeated execution has the same documents and metadata, else it is another one", async () => {
  const { agentId, sessionId, key, first, second } = await withDocuments();
  const input = { agentId, session: { id: sessionId }, text, documentIds: [first], metadata: { a: 1, b: 2 } };
  const keyed = (changes: object) => ({ ...input, idempotencyKey: "k", ...changes });
  const { run } = await execute(key, keyed({}));
  expect(await execute(key, keyed({ metadata: { b: 2, a: 1 } }))).toMatchObject({
    replayed: true,
    run: { id: run.id },
  });
  const others = [{ documentIds: [second] }, { documentIds: [] }, { documentIds: null }, { metadata: { a: 1 } }];
  for (const other of others) expect(await refusalOf(key, keyed(other))).toBe("IDEMPOTENCY_CONFLICT");

  // Also once the document is deleted.
  await key.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id: first });
  expect(await execute(key, keyed({}))).toMatchObject({ replayed: true, run: { id: run.id } });
});
