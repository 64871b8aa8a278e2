import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { allowHosts } from "../../support/allowed-hosts";
import { access, type TestRole } from "../../support/access-table";
import { administratorWith, type NamedAdministrator, newAdministrator } from "../../support/administrators";
import { Client, type GraphQLAnswer } from "../../support/client";
import type { Holdings } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { useServer } from "../../support/server";
import { createForeign, everythingOf } from "../../support/tenant-isolation";

const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") });

const all = `{ agents: FULL, runtime: [RUN, SESSION_CREATE, SESSION_TERMINATE, DOCUMENT_UPLOAD, SESSION_VIEW] }`;

type Kind = "app" | "scope" | "apiKey" | "agent" | "administrator" | "modelConnection";
type Ids = Record<Kind, string[]>;

/** An attacker's operations, each with an id of the kind that it names as `$id`, and a new name. */
const attempts: readonly (readonly [kind: Kind, field: string])[] = [
  ["app", `createScope(input: { appId: $id, name: $name, permissions: ${all} }) { scope { id } }`],
  ["scope", `updateScope(input: { id: $id, permissions: ${all} }) { scope { id } }`],
  ["scope", `cloneScope(input: { id: $id, name: $name }) { scope { id } }`],
  ["scope", `deleteScope(input: { id: $id, revokeKeys: true }) { id }`],
  ["scope", `createApiKey(input: { scopeId: $id, name: $name }) { secret apiKey { id } }`],
  ["apiKey", `updateApiKey(input: { id: $id, name: $name }) { apiKey { id } }`],
  ["apiKey", `rotateApiKey(input: { id: $id, overlapSeconds: 60 }) { secret apiKey { id } }`],
  ["apiKey", `revokeApiKeys(input: { ids: [$id] }) { count }`],
  ["app", `createApp(input: { name: $name }) { app { id } }`],
  ["app", `updateApp(input: { id: $id, name: $name, limits: { scopes: 7 } }) { app { id } }`],
  ["app", `createAdministrator(input: { name: $name, role: ADMIN }) { secret administrator { id } }`],
  ["app", `createAdministrator(input: { name: $name, role: ADMIN, appIds: [$id] }) { secret administrator { id } }`],
  ["administrator", `updateAdministrator(input: { id: $id, role: ADMIN, appIds: null }) { administrator { id } }`],
  ["administrator", `rotateAdministratorKey(input: { id: $id }) { secret administrator { id } }`],
  ["administrator", `revokeAdministrator(input: { id: $id }) { administrator { id } }`],
  [
    "app",
    `createModelConnection(input: { appId: $id, name: $name, provider: OPENAI, apiKey: "x" }) { modelConnection { id } }`,
  ],
  ["modelConnection", `deleteModelConnection(input: { id: $id }) { id }`],
  ["app", `createToolServer(input: { appId: $id, name: $name, url: "http://127.0.0.1:1" }) { toolServer { id } }`],
  ["app", `replaceCallbackSecret(input: { appId: $id }) { secret }`],
  ["app", `createAgent(input: { appId: $id, name: $name }) { agent { id } }`],
  ["agent", `updateAgent(input: { id: $id, name: $name }) { agent { id } }`],
  ["app", `createSession(input: { appId: $id }) { session { id } }`],
  ["agent", `executeAgent(input: { agentId: $id, text: "Hello", waitMs: 0 }) { run { id } session { id } }`],
];

/** One step: what is tried, by which of the credentials so far, with which of the ids so far, of the right kind or any. */
const step = fc.record({
  attempt: fc.nat(attempts.length - 1),
  by: fc.nat(),
  id: fc.nat(),
  fits: fc.constantFrom(true, true, true, false),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

let foreign: Holdings;
let bystander: NamedAdministrator;
beforeAll(async () => {
  const app = await server.current.newApp();
  foreign = await createForeign(server.current, receiver.current, app, await app.key());
  bystander = await newAdministrator(server.current, { role: "ADMIN" });
});

/** Adds the ids in a payload to those of their kinds. */
function collect(payload: Record<string, { readonly id?: string } | undefined>, ids: Ids): void {
  for (const kind of Object.keys(ids) as Kind[]) {
    const id = payload[kind]?.id;
    if (id !== undefined) ids[kind].push(id);
  }
}

const clientOf = (secret: string) => new Client(server.current.url, ["authorization", `Bearer ${secret}`]);
const administrators = async () => {
  const query = `{ administrators(first: 200) { nodes { id name role appIds status hint } } apps(first: 200) { nodes { id name } } }`;
  return server.current.admin.data(query);
};

/** Performs the steps. @returns every credential that the attacker has then, and how many attempts succeeded */
async function attack(
  attacker: NamedAdministrator,
  ids: Ids,
  steps: readonly Step[],
): Promise<{ credentials: Client[]; succeeded: number }> {
  const credentials: Client[] = [attacker];
  let succeeded = 0;
  for (const { attempt, by, id, fits } of steps) {
    // The attacker itself most of the time.
    const client = credentials[by % 4 === 0 ? by % credentials.length : 0] as Client;
    const [kind, field] = attempts[attempt] as (typeof attempts)[number];
    const candidates = fits ? ids[kind] : Object.values(ids).flat();
    const used = field.includes("$name") ? ", $name: String!" : "";
    const declared = field.includes("$id") ? `$id: ID!${used}` : "$name: String!";
    const variables = { id: candidates[id % candidates.length], name: randomUUID() };
    const { body } = await client.send(`mutation (${declared}) { payload: ${field} }`, variables);
    const { data, errors } = body as GraphQLAnswer;
    if (errors) continue;
    succeeded += 1;
    const { secret } = data.payload;
    // The secret of callbacks is no credential.
    if (typeof secret === "string" && secret.startsWith("latchkey")) credentials.push(clientOf(secret));
    collect(data.payload, ids);
  }
  return { credentials, succeeded };
}

/** The fields of administration that the role lacks, each with a name or an id that would be right. */
function lackedBy(role: TestRole, appId: string): string[] {
  const fill = (field: string) => field.replaceAll("$id", `"${appId}"`).replaceAll("$name", `"${randomUUID()}"`);
  return attempts
    .map(([, field]) => field)
    .filter((field) => {
      const entry = access.get(`Mutation.${/^\w+/.exec(field)?.[0]}`);
      return entry?.required === "admin" && !entry.opens.has(role);
    })
    .map(fill);
}

describe.each(["KEY_MANAGER", "CONFINED_ADMIN", "AUDITOR"] as const)("from a confined %s", (role) => {
  test("no sequence of calls yields a credential with a right of administration, or a reach, that it lacked", async () => {
    let [succeeded, obtained] = [0, 0];
    const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40, size: "max" }), async (steps) => {
      const app = await server.current.newApp();
      const key = await app.key({ agents: "VIEW", runtime: [] });
      const attacker =
        role === "CONFINED_ADMIN"
          ? await administratorWith(server.current, role, app.id)
          : await newAdministrator(server.current, { role, appIds: [app.id] });
      const [before, ownBefore] = [await administrators(), await everythingOf(server.current, app.id)];
      const foreignBefore = await everythingOf(server.current, foreign.app);

      const ids: Ids = {
        app: [app.id, app.id, foreign.app],
        scope: [key.scopeId, foreign.scope],
        apiKey: [key.keyId, foreign.apiKey],
        agent: [await app.agent(), foreign.agent],
        administrator: [attacker.id, bystander.id],
        modelConnection: [foreign.modelConnection],
      };
      const after = await attack(attacker, ids, steps);
      succeeded += after.succeeded;
      obtained += after.credentials.length - 1;

      const now = await administrators();
      expect(now.administrators).toEqual(before.administrators);
      expect(now.apps.nodes).toHaveLength(before.apps.nodes.length);
      expect(await everythingOf(server.current, foreign.app)).toEqual(foreignBefore);
      if (role === "AUDITOR") {
        expect(after).toMatchObject({ succeeded: 0, credentials: [attacker] });
        expect((await everythingOf(server.current, app.id)).scopes).toEqual(ownBefore.scopes);
      }
      for (const client of after.credentials) {
        const { status } = await client.send(`{ viewer { kind } }`);
        if (status === 401) continue;
        for (const field of lackedBy(role, app.id))
          expect(await client.code(`mutation { ${field} }`)).toBe("FORBIDDEN");
        for (const name of ["app", "scope", "apiKey", "agent", "session", "run", "modelConnection"] as const) {
          const { body } = await client.send(`query ($id: ID!) { found: ${name}(id: $id) { id } }`, {
            id: foreign[name],
          });
          expect((body as GraphQLAnswer).data?.found ?? null).toBeNull();
        }
      }
    });
    await fc.assert(property, { numRuns: 6, endOnFailure: true });
    // The property is about something.
    if (role !== "AUDITOR") expect([succeeded > 15, obtained > 1]).toEqual([true, true]);
  }, 180_000);
});
