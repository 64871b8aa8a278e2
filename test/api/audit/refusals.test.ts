import { overSse, overWebSocket } from "../../support/stream-clients";
import { useServer } from "../../support/server";
import { testTimings } from "../../support/timings";

const server = useServer({}, {}, undefined, { ...testTimings, audit: { intervalMs: 600 } });

interface Refused {
  readonly action: string;
  readonly occurrences: number;
  readonly after: { readonly required?: readonly string[] } | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

async function refusalsOf(appId: string, keyId: string): Promise<Refused[]> {
  const { auditLog } = await server.current.admin.data(
    `query ($appId: ID, $filter: AuditFilter) {
      auditLog(appId: $appId, filter: $filter) { nodes { action occurrences after address requestId } }
    }`,
    { appId, filter: { actorId: keyId } },
  );
  return auditLog.nodes as Refused[];
}

async function untilRefused(appId: string, keyId: string, occurrences: number): Promise<Refused[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const refused = await refusalsOf(appId, keyId);
    const counted = refused.reduce((sum, each) => sum + each.occurrences, 0);
    if (counted >= occurrences || Date.now() > deadline) return refused;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("refused operations of a key are counted in few entries, which name what was lacking, over every transport", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "VIEW" });
  const createAgent = `mutation { createAgent(input: { name: "a" }) { agent { id } } }`;
  for (let i = 0; i < 20; i++) expect(await key.code(createAgent)).toBe("FORBIDDEN");
  await overSse(key, `{ apps { totalCount } }`);
  await overWebSocket(key, `{ apps { totalCount } }`);

  const refused = await untilRefused(app.id, key.keyId, 22);
  expect(refused.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(22);
  expect(refused.length).toBeLessThanOrEqual(4);
  expect(new Set(refused.map(({ action }) => action))).toEqual(new Set(["REFUSE_OPERATION"]));
  const required = new Set(refused.flatMap(({ after }) => after?.required ?? []));
  expect([...required].some((each) => each.startsWith("FULL"))).toBe(true);
  expect(refused[0]?.address).toBe("127.0.0.1");
  expect(refused[0]?.requestId).toEqual(expect.any(String));
});

test("the use of a revoked key is recorded, also its last uses before the server stops", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: key.keyId,
  });
  for (let i = 0; i < 3; i++) expect((await key.send(`{ viewer { __typename } }`)).status).toBe(401);
  await server.current.restart();
  const refused = await refusalsOf(app.id, key.keyId);
  expect(refused.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(3);
  expect(refused[0]).toMatchObject({ action: "REFUSE_REVOKED_KEY", address: "127.0.0.1" });
});

test("a request from an address that a key may not be used from is recorded", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await server.current.admin.data(
    `mutation ($id: ID!) { updateApiKey(input: { id: $id, allowedAddresses: ["10.0.0.0/8"] }) { apiKey { id } } }`,
    { id: key.keyId },
  );
  expect((await key.send(`{ viewer { __typename } }`)).status).toBe(403);
  expect(await untilRefused(app.id, key.keyId, 1)).toMatchObject([{ action: "REFUSE_ADDRESS", occurrences: 1 }]);
});
