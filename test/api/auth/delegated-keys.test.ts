import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { Client, type GraphQLAnswer } from "../../support/client";
import { useServer } from "../../support/server";
import { KeyHolder, type TestApp } from "../../support/test-app";

/** No sequence of calls by a key that manages keys yields a key with a right that the first one lacked. */
const server = useServer({ TRUSTED_PROXIES: "127.0.0.1" });

/** The addresses that scopes and keys may be confined to, and one of each. */
const networks = { "192.0.2.0/24": "192.0.2.200", "192.0.2.0/28": "192.0.2.7", "198.51.100.0/24": "198.51.100.1" };
const lists = fc.constantFrom([], [], ["192.0.2.0/24"], ["192.0.2.0/28"], ["192.0.2.0/28", "198.51.100.0/24"]);
const sources = [...Object.values(networks), "203.0.113.1"];

const agentCount = 2;
const scope = fc
  .record({
    agents: fc.constantFrom("NONE", "VIEW", "EDIT", "FULL"),
    runtime: fc.subarray(["RUN", "SESSION_CREATE", "SESSION_VIEW"]),
    sessions: fc.constantFrom("APP", "APP", "OWN"),
    selected: fc.option(fc.subarray([...Array(agentCount).keys()]), { freq: 2 }),
    keys: fc.constantFrom("NONE", "VIEW", "MANAGE"),
    allowedAddresses: lists,
  })
  .map((each) => each);
type ScopeShape = typeof scope extends fc.Arbitrary<infer Value> ? Value : never;

const fields = {
  createApiKey: `createApiKey(input: { scopeId: $scopeId, name: $name, allowedAddresses: $addresses }) { secret apiKey { id } }`,
  widenApiKey: `updateApiKey(input: { id: $id, allowedAddresses: $addresses, limits: { requestsPerSecond: null } }) { apiKey { id } }`,
  rotateApiKey: `rotateApiKey(input: { id: $id, overlapSeconds: 60 }) { secret apiKey { id } }`,
  rotateAtOnce: `rotateApiKey(input: { id: $id }) { secret apiKey { id } }`,
  revokeApiKey: `revokeApiKey(input: { id: $id }) { apiKey { id } }`,
  revokeApiKeys: `revokeApiKeys(input: { ids: [$id] }) { count }`,
  createScope: `createScope(input: { appId: $appId, name: $name, permissions: { agents: FULL, keys: MANAGE } }) { scope { id } }`,
  cloneScope: `cloneScope(input: { id: $scopeId, name: $name }) { scope { id } }`,
  updateScope: `updateScope(input: { id: $scopeId, permissions: { agents: FULL, keys: MANAGE } }) { scope { id } }`,
  deleteScope: `deleteScope(input: { id: $scopeId, revokeKeys: true }) { id }`,
  createAdministrator: `createAdministrator(input: { name: $name, role: ADMIN }) { secret }`,
} as const;
type Field = keyof typeof fields;
const types: Readonly<Record<string, string>> = { name: "String!", addresses: "[String!]" };

const step = fc.record({
  field: fc.constantFrom(
    ...(Object.keys(fields) as Field[]),
    ...(["createApiKey", "createApiKey", "createApiKey", "rotateApiKey"] as const),
  ),
  /** The number of one of the credentials that the attacker has. */
  by: fc.nat(),
  from: fc.constantFrom(...sources),
  scope: fc.nat(),
  key: fc.nat(),
  addresses: lists,
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class ClientFrom extends Client {
  constructor(
    secret: string,
    private readonly address: string,
  ) {
    super(server.current.url, ["x-api-key", secret]);
  }

  override post() {
    return super.post().set("x-forwarded-for", this.address);
  }
}

interface Setting {
  readonly app: TestApp;
  readonly agents: readonly string[];
  /** A key and a session of each scope; the attacker has the first key. */
  readonly keys: readonly KeyHolder[];
  readonly sessions: readonly string[];
}

async function settingOf(shapes: readonly ScopeShape[]): Promise<Setting> {
  const app = await server.current.newApp();
  const agents = await Promise.all(Array.from({ length: agentCount }, () => app.agent()));
  const keys: KeyHolder[] = [];
  const sessions: string[] = [];
  for (const { selected, allowedAddresses, ...permissions } of shapes) {
    const opener = await app.key({ runtime: ["SESSION_CREATE"] });
    const { createSession } = await opener.data(`mutation { createSession(input: {}) { session { id } } }`);
    sessions.push(createSession.session.id as string);
    const selection =
      selected === null ? {} : { agentAccess: "SELECTED", agentIds: selected.map((index) => agents[index] as string) };
    await server.current.admin.data(
      `mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { id } } }`,
      { input: { id: opener.scopeId, permissions: { ...permissions, ...selection }, allowedAddresses } },
    );
    keys.push(await app.key(opener.scopeId));
  }
  return { app, agents, keys, sessions };
}

/** Every right that a secret has, as it is found by using it, from each address from which it may be used. */
async function rightsOf(secret: string, { agents, keys, sessions }: Setting): Promise<string[]> {
  const rights: string[] = [];
  for (const source of sources) {
    const client = new ClientFrom(secret, source);
    const { status, body } = await client.send(`{ viewer { permissions { agents runtime keys } } }`);
    if (status !== 200) continue;
    rights.push(`used from ${source}`);
    const { permissions } = (body as GraphQLAnswer).data.viewer;
    const levels = ["NONE", "VIEW", "EDIT", "FULL"];
    rights.push(...levels.slice(1, levels.indexOf(permissions.agents as string) + 1));
    rights.push(...permissions.runtime);
    const keyLevels = ["NONE", "VIEW", "MANAGE"];
    rights.push(
      ...keyLevels.slice(1, keyLevels.indexOf(permissions.keys as string) + 1).map((level) => `${level} keys`),
    );
    for (const [i, id] of agents.entries()) if (await finds(client, "agent", id)) rights.push(`agent ${i}`);
    for (const [i, id] of sessions.entries()) if (await finds(client, "session", id)) rights.push(`session ${i}`);
    for (const [i, { keyId }] of keys.entries()) {
      const renaming = `mutation ($id: ID!, $name: String!) { renameApiKey(input: { id: $id, name: $name }) { apiKey { id } } }`;
      if ((await client.code(renaming, { id: keyId, name: randomUUID() })) === undefined) rights.push(`key ${i}`);
    }
    if (
      (await client.code(`mutation { createAgent(input: { name: "${randomUUID()}" }) { agent { id } } }`)) === undefined
    )
      rights.push("createAgent");
  }
  return [...new Set(rights)];
}

async function finds(client: Client, field: string, id: string): Promise<boolean> {
  const { body } = await client.send(`query ($id: ID!) { found: ${field}(id: $id) { id } }`, { id });
  return (body as GraphQLAnswer).data?.found?.id === id;
}

/** @returns the secrets that the attacker has obtained, besides the first one */
async function attack({ app, keys }: Setting, first: string, steps: readonly Step[]): Promise<string[]> {
  const secrets = [first];
  const ids = keys.map(({ keyId }) => keyId);
  for (const { field, by, from, scope: scopeIndex, key, addresses } of steps) {
    const text = fields[field];
    const used = ["scopeId", "id", "name", "addresses", "appId"].filter((name) => text.includes(`$${name}`));
    const declared = used.map((name) => `$${name}: ${types[name] ?? "ID!"}`).join(", ");
    const values = {
      appId: app.id,
      scopeId: keys[scopeIndex % keys.length]?.scopeId,
      id: ids[key % ids.length],
      name: randomUUID(),
      addresses,
    };
    const variables = Object.fromEntries(Object.entries(values).filter(([name]) => used.includes(name)));
    const client = new ClientFrom(secrets[by % secrets.length] as string, from);
    const { body } = await client.send(`mutation (${declared}) { payload: ${text} }`, variables);
    const { data, errors } = body as GraphQLAnswer;
    if (errors) continue;
    const { secret, apiKey } = data.payload;
    if (typeof secret === "string") secrets.push(secret);
    if (apiKey) ids.push(apiKey.id as string);
  }
  return secrets.slice(1);
}

const untouchable = async ({ app, keys }: Setting) =>
  server.current.admin.data(
    `query ($appId: ID!, $own: ID!) {
      scopes(appId: $appId, first: 200) {
        nodes { id name version permissions { agents runtime sessions agentAccess agentIds keys } allowedAddresses }
      }
      own: apiKeys(appId: $appId, scopeId: $own) { nodes { id name status hint successor { id } allowedAddresses } }
    }`,
    { appId: app.id, own: keys[0]?.scopeId },
  );

test("no sequence of calls by a key yields a key with a right that the first one lacked", async () => {
  let obtained = 0;
  const scopes = fc.tuple(
    scope.map((first) => ({ ...first, keys: "MANAGE" as const })),
    fc.array(scope, { minLength: 3, maxLength: 3 }),
  );
  const property = fc.asyncProperty(
    scopes,
    fc.array(step, { minLength: 15, maxLength: 30, size: "max" }),
    async ([first, others], steps) => {
      // The last scope is within the first one, so that there is something to be managed.
      const within = { ...first, agents: "NONE" as const, runtime: [], keys: "NONE" as const };
      const setting = await settingOf([first, ...others, within]);
      const { secret } = setting.keys[0] as KeyHolder;
      const before = await rightsOf(secret, setting);
      const untouchedBefore = await untouchable(setting);

      const secrets = await attack(setting, secret, steps);
      obtained += secrets.length;
      expect(await untouchable(setting)).toEqual(untouchedBefore);
      for (const each of secrets) {
        const lacked = (await rightsOf(each, setting)).filter((right) => !before.includes(right));
        expect(lacked).toEqual([]);
      }
    },
  );
  await fc.assert(property, { numRuns: 12, endOnFailure: true });
  // The property is about something.
  expect(obtained).toBeGreaterThan(3);
}, 240_000);
