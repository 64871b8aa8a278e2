import pino from "pino";
import { failAtCommit } from "../support/commit-failures";
import { eventsOf, eventually, execute, expectWhole, finished, refusalOf } from "../support/runs";
import { useServer } from "../support/server";
import { TestModel } from "../support/test-model";

const model = new TestModel();
const log = pino({ level: "silent" });
const server = useServer({}, { "test:model": model }, log);
afterEach(() => jest.restoreAllMocks());

/** The commits of an execution of "one two", in order. The run begins with its acceptance. */
const commits = ["acceptance", "first output", "second output", "end"];
const succeeded = { status: "SUCCEEDED", output: "one two " };
const failed = (output: string | null) => ({ status: "FAILED", output, error: expect.any(Object) });

test.each([
  ["first output", "before", failed(null)],
  ["first output", "after", failed("one ")],
  ["second output", "after", failed(succeeded.output)],
  ["end", "before", succeeded],
  ["end", "after", succeeded],
] as const)("a run ends even if the commit of its %s fails, %s it takes effect", async (commit, moment, end) => {
  const app = await server.current.newApp();
  const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
  const session = { reference: "order" };
  failAtCommit(commits.indexOf(commit) + 1, moment);

  const { run } = await execute(key, { agentId, session, text: "one two" });
  expect(run).toMatchObject(end);
  expectWhole(await eventsOf(key, run.id), run);
  expect((await execute(key, { agentId, session, text: "one two" })).run).toMatchObject(succeeded);
});

test.each(["before", "after"] as const)(
  "a queued run executes once even if the commit of its start fails, %s it takes effect",
  async (moment) => {
    const app = await server.current.newApp();
    const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
    const session = { reference: "order" };
    await execute(key, { agentId, session, text: "hold", waitMs: 0 });
    await eventually(() => model.holding === 1);
    const { run } = await execute(key, { agentId, session, text: "one two", waitMs: 0 });
    expect(run.status).toBe("QUEUED");

    const logged = jest.spyOn(log, "error");
    // The first one is that of the end of the run before it.
    failAtCommit(2, moment);
    model.release();
    const ended = await finished(key, run.id);
    expect(ended).toMatchObject(succeeded);
    expectWhole(await eventsOf(key, run.id), ended, moment === "after" ? 2 : 1);
    expect(logged.mock.calls.map(([, message]) => message)).toEqual(["failed to start a run; retrying"]);
  },
);

test.each(["before", "after"] as const)(
  "executing again with the same key executes once if the commit of the acceptance fails, %s it takes effect",
  async (moment) => {
    const app = await server.current.newApp();
    const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
    const input = { agentId, session: { reference: "order" }, text: "one two", idempotencyKey: "k" };
    failAtCommit(1, moment);
    expect(await refusalOf(key, input)).toBe("INTERNAL_SERVER_ERROR");

    const query = `{ sessions { nodes { runs { nodes { id status } } } } }`;
    const runs = async () => (await key.data(query)).sessions.nodes.flatMap(({ runs: { nodes } }: any) => nodes);
    if (moment === "before") expect(await runs()).toEqual([]);
    else await eventually(async () => (await runs())[0].status === "SUCCEEDED");

    const { run, replayed } = await execute(key, input);
    expect([run.status, replayed]).toEqual(["SUCCEEDED", moment === "after"]);
    expect(await runs()).toEqual([{ id: run.id, status: "SUCCEEDED" }]);
    // A start that took effect unnoticed is one more.
    expectWhole(await eventsOf(key, run.id), await finished(key, run.id), moment === "after" ? 2 : 1);
  },
);
