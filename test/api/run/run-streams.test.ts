import { RunEvents } from "../../../src/domain/run/run-events";
import type { StoredRunEvent } from "../../../src/domain/run/run-event.entity";
import { RunStarted } from "../../../src/domain/run/run-event.entity";
import { pausedRun, runEvents } from "../../support/paused-run";
import { createTestLog } from "../../support/log";
import { useServer } from "../../support/server";
import { transports } from "../../support/streams";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const { log, lines } = createTestLog();
const server = useServer({}, { "test:model": model }, log);
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const names = Object.keys(transports) as (keyof typeof transports)[];
describe.each(names)("by %s", (transport) => {
  const read = transports[transport];

  test("a reader gets each event of a run once, in order, while the run executes", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const reader = read(await app.key({ runtime: ["RUN"] }), runEvents, { runId });
    await reader.until(3);
    expect(reader.indexes).toEqual([0, 1, 2]);

    model.release();
    expect((await reader.all()).map(({ data }) => data.runEvents)).toEqual([
      { __typename: "RunStarted", index: 0, runId },
      { __typename: "RunOutput", index: 1, runId, text: "one " },
      { __typename: "RunOutput", index: 2, runId, text: "hold " },
      { __typename: "RunOutput", index: 3, runId, text: "two " },
      { __typename: "RunFinished", index: 4, runId, run: { status: "SUCCEEDED", output: "one hold two " } },
    ]);
  });

  test("the events of a finished run can be read repeatedly, all of them or from after any index", async () => {
    const app = await server.current.newApp();
    const { id: runId } = await app.run({ agentId: await app.agent({ model: "test:model" }), text: "a b c" });
    const key = await app.key({ runtime: ["RUN"] });
    const indexesAfter = async (after?: number | null) => {
      const reader = read(key, runEvents, { runId, after });
      await reader.all();
      return reader.indexes;
    };
    expect(await indexesAfter()).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(null)).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(-1)).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(0)).toEqual([1, 2, 3, 4]);
    expect(await indexesAfter(3)).toEqual([4]);
    expect(await indexesAfter(4)).toEqual([]);
    expect(await indexesAfter(2_000_000_000)).toEqual([]);
    expect(await indexesAfter()).toEqual([0, 1, 2, 3, 4]);
  });

  test("readers of one run get the same events, whenever they connect", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app, "one hold two hold three");
    const key = await app.key({ runtime: ["RUN"] });
    const early = Array.from({ length: 4 }, () => read(key, runEvents, { runId }));
    await Promise.all(early.map((reader) => reader.until(3)));
    model.release();
    await early[0]?.until(5);
    const late = Array.from({ length: 4 }, () => read(key, runEvents, { runId }));
    await Promise.all(late.map((reader) => reader.until(5)));
    model.release();

    for (const reader of [...early, ...late]) {
      await reader.all();
      expect(reader.indexes).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
  });

  test("a reader that disconnects can resume where it stopped, and the run continues", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app, "one hold two hold three");
    const key = await app.key({ runtime: ["RUN"] });
    const first = read(key, runEvents, { runId });
    await first.until(3);
    await first.leave();
    model.release();

    const second = read(key, runEvents, { runId, after: first.indexes.at(-1) });
    await second.until(2);
    model.release();
    await second.all();
    expect([...first.indexes, ...second.indexes]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("a missing run and a run of another app are answered alike", async () => {
    const [app, other] = [await server.current.newApp(), await server.current.newApp()];
    const { id: foreign } = await other.run({ agentId: await other.agent() });
    const key = await app.key({ runtime: ["RUN"] });
    const answerTo = async (runId: string) => {
      const reader = read(key, runEvents, { runId });
      return JSON.stringify([await reader.end, reader.results]);
    };
    const unknown = await answerTo("00000000-0000-7000-8000-000000000000");
    expect(unknown).toContain('"code":"NOT_FOUND"');
    expect(await answerTo(foreign)).toBe(unknown);
  });

  test("queries and mutations are answered as over HTTP", async () => {
    const app = await server.current.newApp();
    const key = await app.key({ agents: "FULL" });
    const create = `mutation ($name: String!) { createAgent(input: { name: $name }) { agent { id name } } }`;
    const [created] = await read(key, create, { name: "Ada" }).all();
    const [listed] = await read(key, `{ agents { nodes { id name } } }`).all();
    expect(listed).toEqual({ data: { agents: { nodes: [created?.data.createAgent.agent] } } });

    const [again] = await read(key, create, { name: "Ada" }).all();
    expect(again?.errors?.[0]?.extensions.code).toBe("CONFLICT");
  });

  test("an error within a stream is masked and ends the stream properly", async () => {
    const app = await server.current.newApp();
    const { id: runId } = await app.run({ agentId: await app.agent({ model: "test:model" }) });
    jest.spyOn(RunEvents.prototype, "read").mockImplementation(async function* () {
      yield await Promise.resolve(new RunStarted({ position: 0, runId } as StoredRunEvent));
      throw new Error("swordfish");
    });
    const [event, last, ...rest] = await read(await app.key({ runtime: ["RUN"] }), runEvents, { runId }).all();
    expect(event?.data.runEvents.index).toBe(0);
    expect(last?.errors?.[0]?.extensions.code).toBe("INTERNAL_SERVER_ERROR");
    expect(JSON.stringify(last)).not.toContain("swordfish");
    expect(rest).toEqual([]);
    const line = lines.findLast((each) => each.includes("swordfish"));
    expect(JSON.parse(line ?? "{}")).toHaveProperty("requestId");
  });
});
