import { failAtCommit } from "../support/commit-failures";
import { eventsOf, eventually, execute, expectWhole, finished, refusalOf } from "../support/runs";
import { useServer } from "../support/server";
import { TestModel } from "../support/test-model";

const server = useServer({}, { "test:model": new TestModel() });
afterEach(() => jest.restoreAllMocks());

/** What is committed when "one two" is executed, in its order. */
const commits = ["the acceptance", "the beginning", "the first word", "the second word", "the end"];
const succeeded = { status: "SUCCEEDED", output: "one two " };
const interrupted = { status: "FAILED", output: null, error: { code: "INTERRUPTED" } };
const failed = (output: string | null) => ({ status: "FAILED", output, error: expect.any(Object) });

test.each([
  ["the beginning", "before", succeeded],
  ["the beginning", "after", interrupted],
  ["the first word", "before", failed(null)],
  ["the first word", "after", failed("one ")],
  ["the second word", "after", failed(succeeded.output)],
  ["the end", "before", succeeded],
  ["the end", "after", succeeded],
] as const)(
  "where the database fails at %s, %s it is committed, a run ends all the same",
  async (what, moment, end) => {
    const app = await server.current.newApp();
    const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
    const session = { reference: "order" };
    failAtCommit(commits.indexOf(what) + 1, moment);

    const { run } = await execute(key, { agentId, session, text: "one two" });
    expect(run).toMatchObject(end);
    expectWhole(await eventsOf(key, run.id), run);
    expect((await execute(key, { agentId, session, text: "one two" })).run).toMatchObject(succeeded);
  },
);

test.each(["before", "after"] as const)(
  "where it fails at the acceptance, %s that is committed, to execute again with the same key executes once",
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
    expectWhole(await eventsOf(key, run.id), await finished(key, run.id));
  },
);
