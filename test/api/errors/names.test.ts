import { useServer } from "../../support/server";

const server = useServer();

const createKey = `mutation ($scopeId: ID!, $name: String!) {
  createApiKey(input: { scopeId: $scopeId, name: $name }) { apiKey { name } }
}`;

/** Creates keys with these names in one scope. @returns the name of each as it is stored, or the code of its error */
async function named(...names: string[]): Promise<string[]> {
  const { scopeId } = await (await server.current.newApp()).key({});
  const results: string[] = [];
  for (const name of names) {
    const { body } = await server.current.admin.send(createKey, { scopeId, name });
    results.push(body.data?.createApiKey.apiKey.name ?? body.errors[0].extensions.code);
  }
  return results;
}

test("a name is stored in the normal form NFC, and two names that differ only in their form are in conflict", async () => {
  expect(await named("Cafe\u0301", "Caf\u00e9", "\u212b", "\u00c5", "A\u030a", "\u1112\u1161\u11ab", "\ud55c")).toEqual(
    ["Caf\u00e9", "CONFLICT", "\u00c5", "CONFLICT", "CONFLICT", "\ud55c", "CONFLICT"],
  );
});

test("names that differ in case, accent, width or script are different", async () => {
  const names = [
    "Bot",
    "bot",
    "BOT",
    "Böt",
    "Ｂｏｔ",
    "Вot",
    "ﬁt",
    "fit",
    "straße",
    "strasse",
    "ı",
    "i",
    "İ",
    "カ",
    "ｶ",
    "か",
  ];
  expect(await named(...names)).toEqual(names);
});

test("white space around a name is no part of it", async () => {
  expect(await named("a", " a", "a\u3000", "\u00a0a\t")).toEqual(["a", "CONFLICT", "CONFLICT", "CONFLICT"]);
});

test("a name has no invisible characters, and none that change the direction of text", async () => {
  const invisible =
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202d\u202e\u2060\u2063\u2066\u2067\u2069\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\u{e0041}\u{e0100}";
  const names = [...invisible].flatMap((character) => [`a${character}b`, `ab${character}1`]);
  expect(await named(...names)).toEqual(names.map(() => "BAD_USER_INPUT"));
});

test("a name may be in any script and have emoji", async () => {
  const names = [
    "納屋",
    "הברווז",
    "الوكيل",
    "ผู้ช่วย",
    "हिन्दी सहायक",
    "❤\ufe0f bot",
    "👩🏽‍🚀",
    "👨‍👩‍👧‍👦 family",
    "1\ufe0f\u20e3",
    "🇩🇪",
  ];
  expect(await named(...names)).toEqual(names);
});

test("a reference to a name is found in any of its normal forms, and stored in that of the name", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  await app.modelConnection("https://example.com/v1", { name: "Cafe\u0301" });
  const createAgent = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { model } } }`;
  const agents: unknown[] = [];
  for (const name of ["Cafe\u0301", "Caf\u00e9"]) {
    const input = { appId: app.id, name: `bot ${name.length}`, model: `${name}/e\u0301` };
    agents.push((await admin.data(createAgent, { input })).createAgent.agent);
  }
  // The name of the model itself is the provider's.
  const agent = { model: "Caf\u00e9/e\u0301" };
  expect(agents).toEqual([agent, agent]);
});

test("a search by name, and a filter of keys, find what is stored in another normal form", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { scopeId } = await app.key({});
  const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }`;
  const text = "Cafe\u0301";
  const input = { scopeId, name: text, owner: text, environment: text, tags: [text] };
  const { createApiKey } = await admin.data(create, { input });
  const list = `query ($appId: ID!, $filter: ApiKeyFilter) { apiKeys(appId: $appId, filter: $filter) { nodes { id } } }`;
  for (const filter of [{ search: text }, { owner: text }, { environment: text }, { tag: text }]) {
    const { apiKeys } = await admin.data(list, { appId: app.id, filter });
    expect({ filter, nodes: apiKeys.nodes }).toEqual({ filter, nodes: [{ id: createApiKey.apiKey.id }] });
  }
  const agentId = await app.agent({ name: text });
  const search = `query ($appId: ID, $search: String) { agents(appId: $appId, search: $search) { nodes { id } } }`;
  expect((await admin.data(search, { appId: app.id, search: text })).agents.nodes).toEqual([{ id: agentId }]);
});
