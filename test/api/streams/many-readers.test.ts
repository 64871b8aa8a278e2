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

/** What a reader does: it comes at some time, leaves when it has so many events, and comes back at once. */
const behaviour = fc.record({
  transport: fc.constantFrom(...(Object.keys(transports) as (keyof typeof transports)[])),
  comes: fc.nat(700),
  after: fc.integer({ min: -1, max: 7 }),
  leaves: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
});

test("fifty readers at both transports get the same, whenever they come, leave, and come back", async () => {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/drip" });
  const key = await app.key({ runtime: ["RUN"] });

  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { minLength: 50, maxLength: 50 }), async (behaviours) => {
      const { id: runId } = await app.run({ agentId, waitMs: 0 });
      const told = await Promise.all(
        behaviours.map(async ({ transport, comes, after, leaves }) => {
          await delay(comes);
          const got: { index: number }[] = [];
          for (const most of [...leaves, Infinity]) {
            const reader = transports[transport](key, events, { runId, after: got.at(-1)?.index ?? after });
            if (most < Infinity) await Promise.race([reader.until(most).catch(() => undefined), reader.end]);
            else await reader.all();
            await reader.leave();
            got.push(...reader.results.slice(0, most).map(({ data }) => data.runEvents));
          }
          return got;
        }),
      );
      const whole = (await transports.WebSocket(key, events, { runId }).all()).map(({ data }) => data.runEvents);
      expect(whole.map(({ index }) => index)).toEqual(whole.map((_, index) => index));
      expect(whole.length).toBeGreaterThan(8);
      expect(whole.at(-1)).toMatchObject({ __typename: "RunFinished", run: { status: "SUCCEEDED" } });
      expect(told).toEqual(behaviours.map(({ after }) => whole.slice(after + 1)));
    }),
    { numRuns: 3, endOnFailure: true },
  );
});
