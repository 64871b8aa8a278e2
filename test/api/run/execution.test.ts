import { ModelError } from "../../../src/model/model";
import { cancel, eventually, execute, executeAgent, finishRuns, finished, refusalOf, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder, TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer(
  {},
  {
    "test:model": model,
    "test:down": {
      // eslint-disable-next-line require-yield -- It fails before its first chunk.
      async *answer() {
        throw new ModelError("MODEL_UNAVAILABLE", "The provider can't be reached.");
      },
    },
  },
);
afterEach(() => finishRuns(server.current, model));

const unknown = "00000000-0000-7000-8000-000000000000";

async function appWithAgent(): Promise<[app: TestApp, agentId: string, key: KeyHolder]> {
  const app = await server.current.newApp();
  return [app, await app.agent({ model: "test:model" }), await app.key()];
}

async function messagesOf(key: KeyHolder, sessionId: string): Promise<any[]> {
  const query = `query ($id: ID!) { session(id: $id) { messages { nodes { role text runId } } } }`;
  return (await key.data(query, { id: sessionId })).session.messages.nodes;
}

describe("an execution", () => {
  test("returns the run with its output, and adds both messages to the session", async () => {
    const [, agentId, key] = await appWithAgent();
    const { run, session, replayed } = await execute(key, { agentId, text: "one 🐴 two" });

    expect(run).toEqual({
      id: expect.any(String),
      status: "SUCCEEDED",
      input: "one 🐴 two",
      output: "one 🐴 two ",
      error: null,
      usage: null,
      createdAt: expect.any(String),
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    // All have the same format and time zone, so they sort by time.
    expect([run.createdAt, run.startedAt, run.finishedAt].sort()).toEqual([
      run.createdAt,
      run.startedAt,
      run.finishedAt,
    ]);
    expect(replayed).toBe(false);
    expect(await messagesOf(key, session.id)).toEqual([
      { role: "USER", text: "one 🐴 two", runId: run.id },
      { role: "AGENT", text: "one 🐴 two ", runId: run.id },
    ]);
    expect(await runOf(key, run.id)).toEqual(run);
  });

  test("returns immediately with waitMs 0, and otherwise with the run as it is after waitMs", async () => {
    const [, agentId, key] = await appWithAgent();
    const { run: immediate } = await execute(key, { agentId, text: "one hold", waitMs: 0 });
    expect(["QUEUED", "RUNNING"]).toContain(immediate.status);

    const start = Date.now();
    const { run: later } = await execute(key, { agentId, text: "one hold", waitMs: 300 });
    expect(later).toMatchObject({ status: "RUNNING", output: null, finishedAt: null });
    expect(Date.now() - start).toBeGreaterThanOrEqual(290);

    await eventually(() => model.holding === 2);
    model.release();
    for (const { id } of [immediate, later]) expect((await finished(key, id)).status).toBe("SUCCEEDED");
  });

  test("accepts waitMs from 0 to 120,000 and a text that is not blank", async () => {
    const [, agentId, key] = await appWithAgent();
    const faults = { waitMs: [-1, 120_001], text: ["", " \n\t "], idempotencyKey: [""] };
    for (const [field, values] of Object.entries(faults)) {
      for (const value of values) {
        const [error] = await key.errors(executeAgent, { input: { agentId, text: "one", [field]: value } });
        expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: `input.${field}` }] });
      }
    }
    expect((await execute(key, { agentId, waitMs: 120_000 })).run.status).toBe("SUCCEEDED");
  });
});

describe("a failed run", () => {
  test("keeps its output, hides internal details, and lets the next run start", async () => {
    const [, agentId, key] = await appWithAgent();
    const { run, session } = await execute(key, { agentId, text: "one fail two" });

    expect(run).toMatchObject({ status: "FAILED", output: "one ", error: { code: "MODEL_FAILED" } });
    expect(run.error.message).not.toContain("test model");
    expect(await messagesOf(key, session.id)).toEqual([{ role: "USER", text: "one fail two", runId: run.id }]);
    expect((await execute(key, { agentId, session: { id: session.id } })).run.status).toBe("SUCCEEDED");
  });

  test("has the code and message of its model's error", async () => {
    const [app, , key] = await appWithAgent();
    const agentId = await app.agent({ model: "test:down" });
    const { run } = await execute(key, { agentId });
    const error = { code: "MODEL_UNAVAILABLE", message: "The provider can't be reached." };
    expect(run).toMatchObject({ status: "FAILED", output: null, error });
  });

  test("has AGENT_DELETED if its agent was deleted while it was queued", async () => {
    const [, agentId, key] = await appWithAgent();
    const { session } = await execute(key, { agentId, text: "one hold", waitMs: 0 });
    const execution = execute(key, { agentId, session: { id: session.id } });
    await eventually(() => model.holding === 1);
    await eventually(async () => (await messagesOf(key, session.id)).length === 2);
    await key.data(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id: agentId });
    model.release();

    expect((await execution).run).toMatchObject({ status: "FAILED", error: { code: "AGENT_DELETED" } });
    expect(await refusalOf(key, { agentId, session: { id: session.id } })).toBe("NOT_FOUND");
  });
});

test("another app's agent is answered like a missing one", async () => {
  const [, agentId] = await appWithAgent();
  const [, , key] = await appWithAgent();
  const foreign = await key.send(executeAgent, { input: { agentId, text: "one" } });
  const missing = await key.send(executeAgent, { input: { agentId: unknown, text: "one" } });
  expect(foreign.text).toBe(missing.text);
  expect(missing.body.errors[0].extensions.code).toBe("NOT_FOUND");
});

test("a run continues when the caller that waits for it disconnects", async () => {
  const [, agentId, key] = await appWithAgent();
  const client = new AbortController();
  const answer = fetch(key.url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key.secret },
    body: JSON.stringify({ query: executeAgent, variables: { input: { agentId, text: "one hold two" } } }),
    signal: client.signal,
  });
  await eventually(() => model.holding === 1);
  client.abort();
  await expect(answer).rejects.toThrow("aborted");

  model.release();
  const query = `{ sessions { nodes { runs { nodes { id } } } } }`;
  const [{ runs }] = (await key.data(query)).sessions.nodes;
  expect(await finished(key, runs.nodes[0].id)).toMatchObject({ status: "SUCCEEDED", output: "one hold two " });
});

describe("a model receives", () => {
  /** The conversation that came with this text. */
  const earlierThan = (input: string) =>
    model.requests.findLast(({ text }) => text === input)?.earlier.map(({ role, text }) => `${role}: ${text}`);

  test("the instructions and the earlier messages, even if they were not answered when the text was sent", async () => {
    const [app, , key] = await appWithAgent();
    const agentId = await app.agent({ model: "test:model", instructions: "Be brief." });
    const input = { agentId, session: { reference: "order" }, waitMs: 0 };
    await execute(key, { ...input, text: "a hold" });
    await execute(key, { ...input, text: "b fail" });
    const { run: cancelled } = await execute(key, { ...input, text: "c" });
    await execute(key, { ...input, text: "d" });
    const { run: last } = await execute(key, { ...input, text: "e" });
    await eventually(() => model.holding === 1);
    await cancel(key, cancelled.id);
    model.release();
    await finished(key, last.id);

    const history = ["USER: a hold", "AGENT: a hold ", "USER: b fail", "USER: c"];
    expect(earlierThan("d")).toEqual(history);
    expect(earlierThan("e")).toEqual([...history, "USER: d", "AGENT: d "]);
    expect(model.requests.at(-1)?.instructions).toBe("Be brief.");
  });

  test("no messages of other sessions, and the last 50 of a long one", async () => {
    const [, agentId, key] = await appWithAgent();
    for (let i = 0; i < 27; i++) await execute(key, { agentId, session: { reference: "order" }, text: `${i}` });
    const history = earlierThan("26");
    expect([history?.length, history?.[0], history?.at(-1)]).toEqual([50, "USER: 1", "AGENT: 25 "]);

    await execute(key, { agentId, text: "alone" });
    expect(earlierThan("alone")).toEqual([]);
  });
});
