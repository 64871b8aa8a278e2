import { setTimeout as delay } from "node:timers/promises";
import { newSecret } from "../../../src/domain/api-key/secret";
import { useProcesses } from "../../support/process";
import { testTimings } from "../../support/timings";

const processes = useProcesses({ ...testTimings, audit: { intervalMs: 500 } });

test("a key that is a tripwire is answered as an unknown one, and raises an alarm", async () => {
  const server = await processes.serve(await processes.fresh());
  const app = await server.newApp();
  const scopeId = await app.scope({ agents: "FULL", runtime: ["RUN"] });
  const { createApiKey } = await server.admin.data(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id tripwire } } }`,
    { input: { scopeId, name: "backup of the billing system", tripwire: true } },
  );
  const { id, tripwire } = createApiKey.apiKey as { id: string; tripwire: boolean };
  expect(tripwire).toBe(true);
  const [trap, unknown] = [
    server.as(["x-api-key", createApiKey.secret as string]),
    server.as(["x-api-key", newSecret()]),
  ];
  const [one, other] = [await trap.send(`{ viewer { name } }`), await unknown.send(`{ viewer { name } }`)];
  expect([one.status, one.text]).toEqual([other.status, other.text]);
  for (let i = 0; i < 4; i++) await trap.send(`{ viewer { name } }`);

  const alarms = () => server.log.filter(({ msg }) => String(msg).startsWith("ALARM"));
  await delay(1_500);
  const { auditLog } = await server.admin.data(
    `query ($appId: ID) { auditLog(appId: $appId, filter: { action: TRIP_API_KEY }) { nodes { occurrences target { id } } } }`,
    { appId: app.id },
  );
  const nodes = auditLog.nodes as { occurrences: number; target: { id: string } }[];
  expect(nodes.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(5);
  // One for each interval in which the key was used, as has the audit log; a busy machine may take two.
  expect(nodes.length).toBeLessThanOrEqual(2);
  const alarm = { level: "warn", keyId: id, appId: app.id, address: "127.0.0.1" };
  expect(alarms()).toMatchObject(nodes.map(() => alarm));
  expect(nodes[0]?.target.id).toBe(id);
});
