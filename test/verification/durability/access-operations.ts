import { allPermissions, type TestPermissions } from "../../support/test-app";
import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import { KnownApp, type KnownKey, type KnownScope } from "./ledger";

/** The first scope and the first key of an app are left alone: its writer authenticates with them. */
const changeableScopes = (app: KnownApp): KnownScope[] => app.scopes.slice(1);
const changeableKeys = (app: KnownApp): KnownKey[] => app.keys.slice(1);
const revocableKeys = (app: KnownApp): KnownKey[] =>
  changeableKeys(app).filter(({ revokedAt }) => revokedAt === undefined);

function randomPermissions({ random }: WriterClient): Required<TestPermissions> {
  return {
    agents: random.of(["NONE", "VIEW", "EDIT", "FULL"]),
    runtime: allPermissions.runtime.filter(() => random.integer(0, 2) === 0),
  };
}

/** Creates an app with the scope and the key that its writer needs. */
export async function createApp(client: WriterClient): Promise<KnownApp> {
  const name = client.newName();
  const description = client.newName();
  const input = { name, description, limits: { scopes: null, keysPerScope: null } };
  const payload = await client.mutate("createApp", "app { id }", input, { alreadyDone: ["CONFLICT"] });
  const app = new KnownApp(
    payload?.app.id ?? (await client.find("apps", "id name", "", (node) => node.name === name)).id,
    name,
    description,
  );
  await createScope(client, app, allPermissions);
  const [scope] = app.scopes;
  // A key is useless if the response with its secret was lost.
  while (scope && app.keys[0]?.secret === undefined) app.keys.unshift(await createKey(client, app, scope));
  return app;
}

async function createScope(client: WriterClient, app: KnownApp, permissions: Required<TestPermissions>): Promise<void> {
  const values = { name: client.newName(), description: client.newName(), permissions };
  const input = { appId: app.id, ...values };
  const payload = await client.mutate("createScope", "scope { id }", input, { alreadyDone: ["CONFLICT"] });
  if (client.chance(0.3)) await client.expectRefused("createScope", "scope { id }", input, "CONFLICT");
  const { id } =
    payload?.scope ??
    (await client.find("scopes", "id name", `appId: "${app.id}"`, ({ name }) => name === values.name));
  app.scopes.push({ id, ...values });
}

async function createKey(client: WriterClient, app: KnownApp, scope: KnownScope): Promise<KnownKey> {
  const name = client.newName();
  const input = { scopeId: scope.id, name };
  const payload = await client.mutate("createApiKey", "secret apiKey { id }", input, { alreadyDone: ["CONFLICT"] });
  const { id } =
    payload?.apiKey ?? (await client.find("apiKeys", "id name", `appId: "${app.id}"`, (node) => node.name === name));
  return { id, name, tokensPerDay: null, scope, secret: payload?.secret, revokedAt: undefined };
}

export const accessOperations: readonly WriteOperation[] = [
  {
    mutation: "updateApp",
    weight: 4,
    isPossible: always,
    async run(client, app) {
      const changes = { description: client.newName(), ...(client.chance(0.3) && { name: client.newName() }) };
      await client.mutate("updateApp", "app { id }", { id: app.id, ...changes });
      Object.assign(app, changes);
    },
  },
  {
    mutation: "createScope",
    weight: 10,
    isPossible: always,
    run: (client, app) => createScope(client, app, randomPermissions(client)),
  },
  {
    mutation: "cloneScope",
    weight: 4,
    isPossible: (app) => changeableScopes(app).length > 0,
    async run(client, app) {
      const original = client.random.of(changeableScopes(app));
      const name = client.newName();
      const input = { id: original.id, name };
      const payload = await client.mutate("cloneScope", "scope { id }", input, { alreadyDone: ["CONFLICT"] });
      const { id } =
        payload?.scope ?? (await client.find("scopes", "id name", `appId: "${app.id}"`, (node) => node.name === name));
      app.scopes.push({ ...original, id, name });
    },
  },
  {
    mutation: "updateScope",
    weight: 14,
    isPossible: (app) => changeableScopes(app).length > 0,
    async run(client, app) {
      const scope = client.random.of(changeableScopes(app));
      const changes = {
        description: client.newName(),
        ...(client.chance(0.3) && { name: client.newName() }),
        ...(client.chance(0.6) && { permissions: randomPermissions(client) }),
      };
      await client.mutate("updateScope", "scope { id }", { id: scope.id, ...changes });
      Object.assign(scope, changes);
    },
  },
  {
    mutation: "deleteScope",
    weight: 3,
    isPossible: (app) => changeableScopes(app).length > 0,
    async run(client, app) {
      const scope = client.random.of(changeableScopes(app));
      const input = { id: scope.id, revokeKeys: true };
      await client.mutate("deleteScope", "id", input, { alreadyDone: ["NOT_FOUND"] });
      for (const key of app.activeKeysOf(scope)) key.revokedAt = true;
      app.scopes = app.scopes.filter((each) => each !== scope);
    },
  },
  {
    mutation: "createApiKey",
    weight: 12,
    isPossible: (app) => changeableScopes(app).length > 0,
    async run(client, app) {
      app.keys.push(await createKey(client, app, client.random.of(changeableScopes(app))));
    },
  },
  {
    mutation: "renameApiKey",
    weight: 8,
    isPossible: (app) => changeableKeys(app).length > 0,
    async run(client, app) {
      const key = client.random.of(changeableKeys(app));
      const name = client.newName();
      await client.mutate("renameApiKey", "apiKey { id }", { id: key.id, name });
      key.name = name;
    },
  },
  {
    mutation: "updateApiKey",
    weight: 4,
    isPossible: (app) => changeableKeys(app).length > 0,
    async run(client, app) {
      const key = client.random.of(changeableKeys(app));
      // More than the app's runs use.
      const tokensPerDay = client.random.integer(1_000_000_000, 2_000_000_000);
      await client.mutate("updateApiKey", "apiKey { id }", { id: key.id, limits: { tokensPerDay } });
      key.tokensPerDay = tokensPerDay;
    },
  },
  {
    mutation: "revokeApiKey",
    weight: 8,
    isPossible: (app) => revocableKeys(app).length > 0,
    async run(client, app) {
      const key = client.random.of(revocableKeys(app));
      const { apiKey } = await client.mutate("revokeApiKey", "apiKey { revokedAt }", { id: key.id });
      key.revokedAt = apiKey.revokedAt as string;
    },
  },
  {
    mutation: "revokeApiKeys",
    weight: 3,
    isPossible: (app) => revocableKeys(app).length > 0,
    async run(client, app) {
      const keys = revocableKeys(app).slice(0, client.random.integer(1, 3));
      await client.mutate("revokeApiKeys", "count", { ids: keys.map(({ id }) => id) });
      for (const key of keys) key.revokedAt = true;
    },
  },
  {
    mutation: "rotateApiKey",
    weight: 6,
    isPossible: (app) => revocableKeys(app).length > 0,
    async run(client, app) {
      const key = client.random.of(revocableKeys(app));
      const payload = await client.mutate(
        "rotateApiKey",
        "secret apiKey { id }",
        { id: key.id },
        { alreadyDone: ["CONFLICT"] },
      );
      const { id } =
        payload?.apiKey ??
        (await client.find("apiKeys", "id successor { id }", `appId: "${app.id}"`, (node) => node.id === key.id))
          .successor;
      key.revokedAt = true;
      app.keys.push({ ...key, id, secret: payload?.secret, revokedAt: undefined });
    },
  },
];

export async function deleteApp(client: WriterClient, app: KnownApp): Promise<void> {
  await client.mutate("deleteApp", "id", { id: app.id }, { alreadyDone: ["NOT_FOUND"] });
  app.isDeleted = true;
}
