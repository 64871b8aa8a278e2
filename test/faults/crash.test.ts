import fc from "fast-check";
import { useProcesses } from "../support/process";
import { eventsOf, execute, executeUnderLoad, expectWhole, finished } from "../support/runs";
import { type KeyHolder, TestApp } from "../support/test-app";

const processes = useProcesses();

const burst = fc.array(fc.record({ words: fc.integer({ min: 1, max: 20 }), waitMs: fc.constantFrom(0, 60_000) }), {
  minLength: 50,
  maxLength: 60,
});
/** The number of answered executions after which the server is killed. */
const killAfter = fc.noBias(fc.integer({ min: 1, max: 40 }));

test("acknowledged executions survive kill -9, and every run ends once", async () => {
  let server = await processes.serve(await processes.fresh());
  await fc.assert(
    fc.asyncProperty(burst, killAfter, async (executions, killedAfter) => {
      const app = await TestApp.create(server);
      const agentId = await app.agent();
      const inputs = executions.map(({ words, waitMs }, i) => ({
        agentId,
        session: { reference: `${i % 5}` },
        text: "word ".repeat(words),
        waitMs,
        idempotencyKey: `${app.id} ${i}`,
      }));
      const key = await app.key();
      let count = 0;
      const requests = inputs.map(async (input) => {
        const response = await execute(key, input).catch(() => undefined);
        if (response && ++count === killedAfter) await server.end("SIGKILL");
        return response;
      });
      const responses = await Promise.all(requests);
      if (server.exit === null) await server.end("SIGKILL");
      server = await processes.serve(server.environment);

      const repeated = await Promise.all(inputs.map((input) => executeUnderLoad(key, input)));
      for (const [i, before] of responses.entries()) {
        if (!before) continue;
        expect(repeated[i]).toMatchObject({ replayed: true, session: before.session, run: { id: before.run.id } });
        if (before.run.finishedAt !== null) expect(repeated[i].run).toEqual(before.run);
      }
      const ids = repeated.map(({ run }) => run.id as string);
      expect(new Set(ids).size).toBe(executions.length);

      const interrupted = { status: "FAILED", error: { code: "INTERRUPTED" } };
      await Promise.all(
        ids.map(async (id) => {
          const run = await finished(key, id);
          if (run.status !== "SUCCEEDED") expect(run).toMatchObject(interrupted);
          expectWhole(await eventsOf(key, id), run);
        }),
      );
      await expectOneAnswerEach(key, ids);
    }),
    { numRuns: 3, endOnFailure: true },
  );
});

async function expectOneAnswerEach(key: KeyHolder, ids: readonly string[]): Promise<void> {
  const query = `{ sessions(first: 10) { nodes {
    runs(first: 70) { nodes { id status } } messages(first: 140) { nodes { role runId } }
  } } }`;
  const { sessions } = await key.data(query);
  const runs: { id: string; status: string }[] = sessions.nodes.flatMap(({ runs: { nodes } }: any) => nodes);
  const messages = sessions.nodes.flatMap(({ messages: { nodes } }: any) =>
    nodes.map(({ role, runId }: any) => `${runId} ${role}`),
  );
  expect(runs.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const expected = runs.flatMap(({ id, status }) => [`${id} USER`, ...(status === "SUCCEEDED" ? [`${id} AGENT`] : [])]);
  expect(messages.sort()).toEqual(expected.sort());
}
