import type { Client } from "../../support/client";
import { TestApp } from "../../support/test-app";
import type { Random } from "../random";

type Nodes = Record<string, readonly Record<string, unknown>[]>;

/** Makes random changes of one app until it is told to stop, and ignores those that fail. */
export async function changeApp(
  { admin }: { readonly admin: Client },
  app: Pick<TestApp, "id">,
  random: Random,
  mayGoOn: () => boolean,
): Promise<number> {
  let made = 0;
  const known: Record<"scope" | "agent" | "key", string[]> = { scope: [], agent: [], key: [] };
  for (let number = 0; mayGoOn(); number++) {
    const name = `${number}-${random.integer(0, 2 ** 31)}`;
    const create = async (kind: "scope" | "agent" | "key", field: string, answer: string, input: object) => {
      const data = await admin.data(
        `mutation { ${field}(input: ${graphql({ ...input, name })}) { ${answer} { id } } }`,
      );
      known[kind].push(data[field][answer].id as string);
    };
    const [scopeId, agentId, keyId] = [known.scope.at(-1), known.agent.at(-1), known.key.at(-1)];
    const changes: (() => Promise<unknown>)[] = [
      () => create("scope", "createScope", "scope", { appId: app.id, preset: { $enum: "READ_ONLY" } }),
      () => create("agent", "createAgent", "agent", { appId: app.id }),
      ...(scopeId === undefined
        ? []
        : [
            () => create("key", "createApiKey", "apiKey", { scopeId }),
            () => admin.data(`mutation { updateScope(input: ${graphql({ id: scopeId, name })}) { scope { id } } }`),
          ]),
      ...(agentId === undefined
        ? []
        : [
            () => admin.data(`mutation { updateAgent(input: ${graphql({ id: agentId, name })}) { agent { id } } }`),
            () => admin.data(`mutation { deleteAgent(input: ${graphql({ id: agentId })}) { id } }`),
          ]),
      ...(keyId === undefined
        ? []
        : [
            () => admin.data(`mutation { renameApiKey(input: ${graphql({ id: keyId, name })}) { apiKey { id } } }`),
            () => admin.data(`mutation { revokeApiKey(input: ${graphql({ id: keyId })}) { apiKey { id } } }`),
          ]),
    ];
    await random
      .of(changes)()
      .then(
        () => made++,
        () => undefined,
      );
  }
  return made;
}

const graphql = (input: object): string =>
  JSON.stringify(input)
    .replaceAll(/\{"\$enum":"(\w+)"\}/g, "$1")
    .replaceAll(/"(\w+)":/g, "$1:");

/** The objects of an app, as its audit log tells them or as they are: the name of each, and whether a key is revoked. */
export async function compareWithLog(admin: Client, appId: string): Promise<string[]> {
  const told = new Map<string, string>();
  const revoked = new Set<string>();
  for (const { action, target, before, after } of await allOf(
    admin,
    `auditLog(appId: "${appId}"`,
    "action target { id name } before after",
  )) {
    const { id, name } = target as { id: string; name: string };
    if (["UPDATE_SCOPE", "UPDATE_AGENT", "UPDATE_API_KEY"].includes(action as string)) {
      const renamed = (before as { name?: string }).name;
      if (renamed !== undefined && told.get(id) !== renamed) return [`#${id} was ${told.get(id)}, not ${renamed}`];
      told.set(id, (after as { name?: string }).name ?? name);
    } else if (/^CREATE_(SCOPE|AGENT|API_KEY)$/.test(action as string)) told.set(id, name);
    else if (action === "DELETE_AGENT") told.delete(id);
    else if (action === "REVOKE_API_KEY") revoked.add(id);
  }
  for (const id of revoked) told.set(id, `${told.get(id)} revoked`);
  const actual = new Map<string, string>();
  for (const list of ["scopes", "agents"])
    for (const { id, name } of await allOf(admin, `${list}(appId: "${appId}"`, "id name"))
      actual.set(id as string, name as string);
  for (const { id, name, status } of await allOf(admin, `apiKeys(appId: "${appId}"`, "id name status"))
    actual.set(id as string, status === "REVOKED" ? `${name as string} revoked` : (name as string));
  const differs = ([id, name]: [string, string]) => actual.get(id) !== name;
  return [
    ...[...told].filter(differs).map(([id, name]) => `the log tells of ${name} (${id}), which is ${actual.get(id)}`),
    ...[...actual].filter(([id]) => !told.has(id)).map(([id, name]) => `the log does not tell of ${name} (${id})`),
  ];
}

/** All elements of a list, the oldest first. */
async function allOf(admin: Client, list: string, fields: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let after: string | undefined; ;) {
    const page = after === undefined ? "" : `, after: "${after}"`;
    const data = await admin.data(
      `{ list: ${list}, first: 200${page}) { nodes { ${fields} } pageInfo { endCursor hasNextPage } } }`,
    );
    const { nodes, pageInfo } = data.list as Nodes & { pageInfo: { endCursor: string; hasNextPage: boolean } };
    all.push(...(nodes ?? []));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return list.startsWith("auditLog") || list.startsWith("apiKeys") ? all.reverse() : all;
}
