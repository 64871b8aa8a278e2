import { setTimeout as delay } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { newAdministrator } from "../../support/administrators";
import { ConsoleBrowser } from "../../support/console";
import { useProcesses } from "../../support/process";
import { soon, timed } from "../../support/timed";

const processes = useProcesses();

test("while the look-ups of keys hang, administrators get in with every credential", async () => {
  const server = await processes.serve({ ...(await processes.fresh()), DATABASE_POOL_SIZE: "4" });
  const key = await (await server.newApp()).key();
  const named = await newAdministrator(server, { role: "KEY_MANAGER" });
  const browser = await ConsoleBrowser.signedIn(server.url, server.adminKey);
  const holder = await createConnection(String(server.environment["DATABASE_URL"]));
  try {
    await holder.query("LOCK TABLES api_key WRITE");
    const progress = { isOver: false };
    const attack = Promise.all(Array.from({ length: 90 }, () => key.send("{ viewer { kind } }"))).finally(
      () => (progress.isOver = true),
    );
    await delay(300);
    expect(progress.isOver).toBe(false);
    for (const one of [server.admin, named, browser]) {
      const { result, took } = await timed(one.data("{ viewer { kind } apps { nodes { id } } }"));
      expect(result.viewer).toEqual({ kind: "ADMIN" });
      expect(took).toBeLessThan(soon);
    }
    expect(progress.isOver).toBe(false);
    for (const { status } of await attack) expect(status).toBe(503);
  } finally {
    await holder.end();
  }
  expect(await key.code("{ viewer { kind } }")).toBeUndefined();
});

test("while all queries of one app hang, another app and administrators are served, and a key is revoked", async () => {
  const server = await processes.serve({ ...(await processes.fresh()), DATABASE_POOL_SIZE: "4" });
  const app = await server.newApp();
  const attackers = [await app.key(), await app.key(), await app.key()];
  const other = await (await server.newApp()).key();
  const holder = await createConnection(String(server.environment["DATABASE_URL"]));
  try {
    await holder.query("LOCK TABLES agent WRITE");
    const progress = { isOver: false };
    const agents = `{ ${Array.from({ length: 10 }, (_, i) => `a${i}: agents(first: ${i + 1}) { totalCount }`).join(" ")} }`;
    const attack = Promise.all(attackers.flatMap((key) => Array.from({ length: 60 }, () => key.send(agents)))).finally(
      () => (progress.isOver = true),
    );
    await delay(300);

    const [doomed] = attackers;
    const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
    const revocation = await timed(server.admin.send(revoke, { id: doomed?.keyId }));
    expect([revocation.result.status, revocation.result.body.errors]).toEqual([200, undefined]);
    expect(revocation.took).toBeLessThan(soon);
    expect((await doomed?.errors(`{ viewer { kind } }`))?.[0]?.extensions).toMatchObject({ reason: "KEY_REVOKED" });

    let served = 0;
    for (; !progress.isOver && served < 20; served++) {
      const { result, took } = await timed(other.send(`{ sessions { nodes { id } totalCount } }`));
      expect([result.status, result.body.errors]).toEqual([200, undefined]);
      expect(took).toBeLessThan(soon);
    }
    expect(served).toBeGreaterThan(0);
    const rename = `mutation ($id: ID!) { renameApiKey(input: { id: $id, name: "new" }) { apiKey { name } } }`;
    const { body } = await server.admin.send(rename, { id: other.keyId });
    expect(body.errors).toBeUndefined();
    for (const { status } of await attack) expect([200, 401, 503]).toContain(status);
  } finally {
    await holder.end();
  }
  expect(await other.code(`{ viewer { kind } }`)).toBeUndefined();
});
