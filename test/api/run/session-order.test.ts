import { cancel, eventually, execute, executeAgent, finishRuns, finished, refusalOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

async function keyWithAgent(): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

async function sessionOf(key: KeyHolder, reference: string): Promise<any> {
  const query = `query ($reference: String) {
    sessions(filter: { reference: $reference }, first: 1) {
      nodes { id runs(first: 50) { nodes { id status input } } messages(first: 50) { nodes { role text runId } } }
    }
  }`;
  return (await key.data(query, { reference })).sessions.nodes[0];
}

test("a session executes one run at a time in the order of arrival, and sessions execute in parallel", async () => {
  const [key, agentId] = await keyWithAgent();
  const [references, rounds] = [
    ["a", "b", "c"],
    ["1", "2", "3"],
  ];
  for (const round of rounds) {
    for (const reference of references) {
      await execute(key, { agentId, session: { reference }, text: `${reference}${round} hold`, waitMs: 0 });
    }
  }
  const before = model.requests.length - 3;
  for (let round = 0; round < rounds.length; round++) {
    await eventually(() => model.holding === references.length);
    for (const reference of references) {
      const { runs } = await sessionOf(key, reference);
      const states = rounds.map((_, i) => (i < round ? "SUCCEEDED" : i === round ? "RUNNING" : "QUEUED"));
      expect(runs.nodes.map(({ status }: { status: string }) => status).reverse()).toEqual(states);
    }
    model.release();
  }
  await eventually(() => model.requests.length === before + 9);
  for (const reference of references) {
    const own = model.requests.filter(({ text }) => text.startsWith(reference)).map(({ text }) => text);
    expect(own).toEqual(rounds.map((round) => `${reference}${round} hold`));
  }
});

test("concurrent executions have one order: of the runs, of the messages and of the calls of the model", async () => {
  const [key, agentId] = await keyWithAgent();
  for (let round = 0; round < 6; round++) {
    const reference = `round ${round}`;
    const session = { reference };
    await execute(key, { agentId, session, text: "hold", waitMs: 0 });
    const texts = Array.from({ length: 10 }, (_, i) => `${round}.${i}`);
    await Promise.all(
      texts.map((text, i) =>
        execute(key, { agentId, session, text, waitMs: 0, ...(i % 2 && { idempotencyKey: text }) }),
      ),
    );
    await eventually(() => model.holding === 1);
    model.release();
    await eventually(async () => (await sessionOf(key, reference)).runs.nodes[0].status === "SUCCEEDED");

    const { runs, messages } = await sessionOf(key, reference);
    const order = runs.nodes.map(({ input }: { input: string }) => input).reverse();
    expect([...order].sort()).toEqual(["hold", ...texts].sort());
    const userMessages = messages.nodes.filter(({ role }: { role: string }) => role === "USER");
    expect(userMessages.map(({ text }: { text: string }) => text)).toEqual(order);
    expect(model.requests.slice(-11).map(({ text }) => text)).toEqual(order);
  }
});

test("a session has up to twenty queued runs, and the next execution fails with SESSION_BUSY until one is gone", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  await execute(key, { agentId, session, text: "hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const { run: first } = await execute(key, { agentId, session, waitMs: 0 });
  for (let i = 1; i < 20; i++) await execute(key, { agentId, session, waitMs: 0 });

  const [error] = await key.errors(executeAgent, { input: { agentId, session, text: "one" } });
  expect(error).toMatchObject({ message: expect.stringContaining("20 runs"), extensions: { code: "SESSION_BUSY" } });
  expect(await refusalOf(key, { agentId, session: { reference: "another" } })).toBeUndefined();

  await cancel(key, first.id);
  const { run: last } = await execute(key, { agentId, session, waitMs: 0 });
  expect(await refusalOf(key, { agentId, session, waitMs: 0 })).toBe("SESSION_BUSY");
  model.release();
  expect((await finished(key, last.id)).status).toBe("SUCCEEDED");
});

test("of thirty concurrent executions twenty are queued behind the running one", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  await execute(key, { agentId, session, text: "hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const codes = await Promise.all(Array.from({ length: 30 }, () => refusalOf(key, { agentId, session, waitMs: 0 })));
  expect(codes.filter((code) => code === undefined)).toHaveLength(20);
  expect(codes.filter((code) => code === "SESSION_BUSY")).toHaveLength(10);
  model.release();
});

test("an execution with REJECT is refused while the session has an unfinished run, and only then", async () => {
  const [key, agentId] = await keyWithAgent();
  const input = { agentId, session: { reference: "order" }, onBusy: "REJECT" };
  const { run } = await execute(key, { ...input, text: "hold", waitMs: 0 });
  expect(await refusalOf(key, input)).toBe("SESSION_BUSY");
  await eventually(() => model.holding === 1);
  expect(await refusalOf(key, input)).toBe("SESSION_BUSY");

  model.release();
  await finished(key, run.id);
  expect((await execute(key, input)).run.status).toBe("SUCCEEDED");
});

test("of many concurrent executions with REJECT one is accepted", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const codes = await Promise.all(
    Array.from({ length: 8 }, () => refusalOf(key, { agentId, session, onBusy: "REJECT", text: "hold", waitMs: 0 })),
  );
  expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  expect(codes.filter((code) => code === "SESSION_BUSY")).toHaveLength(7);
  await eventually(() => model.holding === 1);
  model.release();
});
