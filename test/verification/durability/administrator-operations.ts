import type { KnownAdministrator, KnownApp } from "./ledger";
import type { WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";

const roles = ["ADMIN", "KEY_MANAGER", "AUDITOR"] as const;
/** Of one app: there may be 1,000 in all. */
const maxActive = 3;
const activeOf = (app: KnownApp): KnownAdministrator[] => app.administrators.filter(({ isRevoked }) => !isRevoked);
const hasActive = (app: KnownApp): boolean => activeOf(app).length > 0;

export const administratorOperations: readonly WriteOperation[] = [
  {
    mutation: "createAdministrator",
    weight: 4,
    isPossible: (app) => activeOf(app).length < maxActive,
    async run(client, app) {
      const [name, role] = [client.newName(), client.random.of(roles)];
      const input = { name, role, appIds: [app.id] };
      const payload = await client.mutate("createAdministrator", "secret administrator { id }", input, {
        alreadyDone: ["CONFLICT"],
      });
      const { id } =
        payload?.administrator ??
        (await client.find("administrators", "id name", "filter: {}", (node) => node.name === name));
      app.administrators.push({ id, name, role, secret: payload?.secret, isRevoked: false });
    },
  },
  {
    mutation: "updateAdministrator",
    weight: 4,
    isPossible: hasActive,
    async run(client, app) {
      const administrator = client.random.of(activeOf(app));
      const changes = { role: client.random.of(roles), ...(client.chance(0.3) && { name: client.newName() }) };
      await client.mutate("updateAdministrator", "administrator { id }", { id: administrator.id, ...changes });
      Object.assign(administrator, changes);
    },
  },
  {
    mutation: "rotateAdministratorKey",
    weight: 3,
    isPossible: hasActive,
    async run(client, app) {
      const administrator = client.random.of(activeOf(app));
      const { secret } = await client.mutate("rotateAdministratorKey", "secret", { id: administrator.id });
      administrator.secret = secret as string;
    },
  },
  {
    mutation: "revokeAdministrator",
    weight: 3,
    isPossible: hasActive,
    async run(client, app) {
      const administrator = client.random.of(activeOf(app));
      await client.mutate("revokeAdministrator", "administrator { id }", { id: administrator.id });
      administrator.isRevoked = true;
    },
  },
];

/** Finds administrators that are lost or changed, keys of active ones that are refused, and keys of revoked ones that are not. */
export async function* administratorViolations(client: WriterClient, app: KnownApp): AsyncGenerator<string> {
  for (const { id, name, role, secret, isRevoked } of app.administrators) {
    const query = `query ($id: ID!) { administrator(id: $id) { name role status appIds } }`;
    const { administrator } = await client.query(query, { id });
    const expected = { name, role, status: isRevoked ? "REVOKED" : "ACTIVE", appIds: [app.id] };
    if (JSON.stringify(administrator) !== JSON.stringify(expected))
      yield `the administrator ${id} is ${JSON.stringify(administrator)}, expected ${JSON.stringify(expected)}`;
    if (secret === undefined) continue;
    const { data, code } = await client.http.send(["authorization", `Bearer ${secret}`], `{ viewer { name } }`, {});
    if (isRevoked && data) yield `the administrator ${id} is revoked, but was accepted`;
    if (!isRevoked && data?.viewer.name !== name) yield `the administrator ${id} was refused with ${code}`;
  }
}
