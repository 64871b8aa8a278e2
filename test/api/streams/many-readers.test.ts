import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";
import { transports } from "../../support/streams";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

const events = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) {
    __typename index runId ... on RunOutput { text } ... on RunFinished { run { status output } }
  }
}`;

/** When a reader connects, in milliseconds, and after how many events it disconnects, each time to reconnect immediately. */
const behaviour = fc.record({
  transport: fc.constantFrom(...(Object.keys(transports) as (keyof typeof transports)[])),
  connectAfterMs: fc.nat(700),
  after: fc.integer({ min: -1, max: 7 }),
  disconnectAfter: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
});

test("fifty readers over both transports get the same events, whenever they connect, disconnect and reconnect", async () => {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/drip" });
  const key = await app.key({ runtime: ["RUN"] });

  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { minLength: 50, maxLength: 50 }), async (behaviours) => {
      const { id: runId } = await app.run({ agentId, waitMs: 0 });
      const received = await Promise.all(
        behaviours.map(async ({ transport, connectAfterMs, after, disconnectAfter }) => {
          await delay(connectAfterMs);
          const own: { index: number }[] = [];
          for (const maxEvents of [...disconnectAfter, Infinity]) {
            const reader = transports[transport](key, events, { runId, after: own.at(-1)?.index ?? after });
            if (maxEvents < Infinity) await Promise.race([reader.until(maxEvents).catch(() => undefined), reader.end]);
            else await reader.all();
            await reader.leave();
            own.push(...reader.results.slice(0, maxEvents).map(({ data }) => data.runEvents));
          }
          return own;
        }),
      );
      const all = (await transports.WebSocket(key, events, { runId }).all()).map(({ data }) => data.runEvents);
      expect(all.map(({ index }) => index)).toEqual(all.map((_, index) => index));
      expect(all.length).toBeGreaterThan(8);
      expect(all.at(-1)).toMatchObject({ __typename: "RunFinished", run: { status: "SUCCEEDED" } });
      expect(received).toEqual(behaviours.map(({ after }) => all.slice(after + 1)));
    }),
    { numRuns: 3, endOnFailure: true },
  );
});
