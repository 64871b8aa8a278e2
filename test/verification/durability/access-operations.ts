import { allPermissions, type TestPermissions } from "../../support/test-app";
import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import { KnownApp, type KnownKey, type KnownScope } from "./ledger";

/** The first scope and the first key of an app stay, as its writer lives by them. */
const changeableScopes = (app: KnownApp): KnownScope[] => app.scopes.slice(1);
const changeableKeys = (app: KnownApp): KnownKey[] => app.keys.slice(1);
const revocableKeys = (app: KnownApp): KnownKey[] =>
  changeableKeys(app).filter(({ revokedAt }) => revokedAt === undefined);

function somePermissions({ random }: WriterClient): Required<TestPermissions> {
  return {
    agents: random.of(["NONE", "VIEW", "EDIT", "FULL"]),
    runtime: allPermissions.runtime.filter(() => random.integer(0, 2) === 0),
  };
}

/** Makes an app with all that its writer lives by. */
export async function newApp(hand: WriterClient): Promise<KnownApp> {
  const name = hand.newName();
  const description = hand.newName();
  const answer = await hand.does("createApp", "app { id }", { name, description }, { sayingDone: ["CONFLICT"] });
  const app = new KnownApp(
    answer?.app.id ?? (await hand.finds("apps", "id name", "", (node) => node.name === name)).id,
    name,
    description,
  );
  await createScope(hand, app, allPermissions);
  const [scope] = app.scopes;
  // A key whose secret got lost on the way is of no use.
  while (scope && app.keys[0]?.secret === undefined) app.keys.unshift(await createKey(hand, app, scope));
  return app;
}

async function createScope(hand: WriterClient, app: KnownApp, permissions: Required<TestPermissions>): Promise<void> {
  const given = { name: hand.newName(), description: hand.newName(), permissions };
  const input = { appId: app.id, ...given };
  const answer = await hand.does("createScope", "scope { id }", input, { sayingDone: ["CONFLICT"] });
  if (hand.happens(0.3)) await hand.isRefused("createScope", "scope { id }", input, "CONFLICT");
  const { id } =
    answer?.scope ?? (await hand.finds("scopes", "id name", `appId: "${app.id}"`, ({ name }) => name === given.name));
  app.scopes.push({ id, ...given });
}

async function createKey(hand: WriterClient, app: KnownApp, scope: KnownScope): Promise<KnownKey> {
  const name = hand.newName();
  const input = { scopeId: scope.id, name };
  const answer = await hand.does("createApiKey", "secret apiKey { id }", input, { sayingDone: ["CONFLICT"] });
  const { id } =
    answer?.apiKey ?? (await hand.finds("apiKeys", "id name", `appId: "${app.id}"`, (node) => node.name === name));
  return { id, name, scope, secret: answer?.secret, revokedAt: undefined };
}

export const accessOperations: readonly WriteOperation[] = [
  {
    mutation: "updateApp",
    weight: 4,
    isPossible: always,
    async do(hand, app) {
      const change = { description: hand.newName(), ...(hand.happens(0.3) && { name: hand.newName() }) };
      await hand.does("updateApp", "app { id }", { id: app.id, ...change });
      Object.assign(app, change);
    },
  },
  {
    mutation: "createScope",
    weight: 10,
    isPossible: always,
    do: (hand, app) => createScope(hand, app, somePermissions(hand)),
  },
  {
    mutation: "updateScope",
    weight: 14,
    isPossible: (app) => changeableScopes(app).length > 0,
    async do(hand, app) {
      const scope = hand.random.of(changeableScopes(app));
      const change = {
        description: hand.newName(),
        ...(hand.happens(0.3) && { name: hand.newName() }),
        ...(hand.happens(0.6) && { permissions: somePermissions(hand) }),
      };
      await hand.does("updateScope", "scope { id }", { id: scope.id, ...change });
      Object.assign(scope, change);
    },
  },
  {
    mutation: "deleteScope",
    weight: 3,
    isPossible: (app) => changeableScopes(app).length > 0,
    async do(hand, app) {
      const scope = hand.random.of(changeableScopes(app));
      const input = { id: scope.id, revokeKeys: true };
      await hand.does("deleteScope", "id", input, { sayingDone: ["NOT_FOUND"] });
      for (const key of app.activeKeysOf(scope)) key.revokedAt = true;
      app.scopes = app.scopes.filter((each) => each !== scope);
    },
  },
  {
    mutation: "createApiKey",
    weight: 12,
    isPossible: (app) => changeableScopes(app).length > 0,
    async do(hand, app) {
      app.keys.push(await createKey(hand, app, hand.random.of(changeableScopes(app))));
    },
  },
  {
    mutation: "renameApiKey",
    weight: 8,
    isPossible: (app) => changeableKeys(app).length > 0,
    async do(hand, app) {
      const key = hand.random.of(changeableKeys(app));
      const name = hand.newName();
      await hand.does("renameApiKey", "apiKey { id }", { id: key.id, name });
      key.name = name;
    },
  },
  {
    mutation: "revokeApiKey",
    weight: 8,
    isPossible: (app) => revocableKeys(app).length > 0,
    async do(hand, app) {
      const key = hand.random.of(revocableKeys(app));
      const { apiKey } = await hand.does("revokeApiKey", "apiKey { revokedAt }", { id: key.id });
      key.revokedAt = apiKey.revokedAt as string;
    },
  },
];

/** The last that is done with an app. */
export async function deleteApp(hand: WriterClient, app: KnownApp): Promise<void> {
  await hand.does("deleteApp", "id", { id: app.id }, { sayingDone: ["NOT_FOUND"] });
  app.isDeleted = true;
}
