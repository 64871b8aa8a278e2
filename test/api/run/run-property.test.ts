import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { cancel, eventsOf, execute, expectWhole, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });

const action = fc.record({
  kind: fc.constantFrom("execute", "execute", "execute", "cancel", "terminate", "release"),
  reference: fc.constantFrom("a", "b"),
  text: fc.constantFrom("one", "one two", "one hold", "hold two", "one fail"),
  which: fc.nat(20),
  afterMs: fc.noBias(fc.nat(25)),
});
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

test("sessions keep their order and runs end once, however executions, cancellations and terminations interleave", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 24 }), async (actions) => {
      const app = await server.current.newApp();
      const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
      const accepted: string[] = [];
      await Promise.all(actions.map((each) => perform(each, key, agentId, accepted)));

      const releases = setInterval(() => model.release(), 2);
      const runs = new Map<string, any>();
      for (const id of accepted) runs.set(id, await finished(key, id));
      clearInterval(releases);
      for (const run of runs.values()) expectWhole(await eventsOf(key, run.id), run);
      await expectOrder(key, runs);
    }),
    { numRuns: 20 },
  );
});

async function perform(action: Action, key: KeyHolder, agentId: string, accepted: string[]): Promise<void> {
  const { kind, reference, text, which, afterMs } = action;
  await delay(afterMs);
  const known = accepted[which % accepted.length];
  if (kind === "release") model.release();
  if (kind === "cancel" && known !== undefined) await cancel(key, known);
  if (kind === "execute") {
    const { run } = await execute(key, { agentId, session: { reference }, text, waitMs: 0 });
    accepted.push(run.id);
  }
  if (kind === "terminate") {
    const code = await key.code(
      `mutation ($reference: String) { terminateSession(input: { reference: $reference }) { session { id } } }`,
      { reference },
    );
    expect([undefined, "NOT_FOUND"]).toContain(code);
  }
}

/** According to the stored data, each run of a session started after the one before it had ended, and none was lost. */
async function expectOrder(key: KeyHolder, runs: ReadonlyMap<string, any>): Promise<void> {
  const query = `{ sessions(first: 30) { nodes {
    status terminatedAt runs(first: 30) { nodes { id } } messages(first: 60) { nodes { role runId } }
  } } }`;
  const { sessions } = await key.data(query);
  const found: string[] = [];
  for (const session of sessions.nodes) {
    const ids: string[] = session.runs.nodes.map(({ id }: { id: string }) => id).reverse();
    found.push(...ids);
    const started = ids.map((id) => runs.get(id)).filter(({ startedAt }) => startedAt !== null);
    const times = started.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]);
    expect(times).toEqual([...times].sort());

    const runIdsOf = (role: string) =>
      session.messages.nodes.filter((message: any) => message.role === role).map(({ runId }: any) => runId);
    expect(runIdsOf("USER")).toEqual(ids);
    expect(runIdsOf("AGENT")).toEqual(ids.filter((id) => runs.get(id).status === "SUCCEEDED"));
    if (session.status === "TERMINATED") {
      for (const id of ids) expect(runs.get(id).finishedAt <= session.terminatedAt).toBe(true);
    }
  }
  expect(found.sort()).toEqual([...runs.keys()].sort());
}
