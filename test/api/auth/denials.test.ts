import { randomUUID } from "node:crypto";
import { useServer } from "../../support/server";
import type { TestApp } from "../../support/test-app";

const server = useServer();

const mutation = (name: string, input: string) =>
  `mutation ($input: ${input}!) { ${name}(input: $input) { __typename } }`;
const mutations = {
  createScope: mutation("createScope", "CreateScopeInput"),
  updateScope: mutation("updateScope", "UpdateScopeInput"),
  deleteScope: mutation("deleteScope", "DeleteScopeInput"),
  createApiKey: mutation("createApiKey", "CreateApiKeyInput"),
  renameApiKey: mutation("renameApiKey", "RenameApiKeyInput"),
  revokeApiKey: mutation("revokeApiKey", "RevokeApiKeyInput"),
};
const id = randomUUID();

type Case = readonly [message: string, name: keyof typeof mutations, input: (app: TestApp) => object | Promise<object>];

/** Errors about the state of objects, which advise what to do. */
const cases: readonly Case[] = [
  ["There is no app with this id.", "createScope", () => ({ appId: id, name: "a", permissions: {} })],
  ["There is no scope with this id.", "updateScope", () => ({ id })],
  ["There is no scope with this id.", "deleteScope", () => ({ id })],
  ["There is no scope with this id.", "createApiKey", () => ({ scopeId: id, name: "a" })],
  ["There is no API key with this id.", "renameApiKey", () => ({ id, name: "a" })],
  ["There is no API key with this id.", "revokeApiKey", () => ({ id })],
  [
    "Another scope of this app has this name. Choose another one.",
    "createScope",
    async (app) => ({ appId: app.id, name: await nameOf(await app.scope({})), permissions: {} }),
  ],
  [
    "Another scope of this app has this name. Choose another one.",
    "updateScope",
    async (app) => ({ id: await app.scope({}), name: await nameOf(await app.scope({})) }),
  ],
  [
    "This scope has 1 active key. Revoke them first, or pass `revokeKeys: true`.",
    "deleteScope",
    async (app) => ({ id: (await app.key({})).scopeId }),
  ],
];

const nameOf = async (scopeId: string): Promise<string> =>
  (await server.current.admin.data(`query ($id: ID!) { scope(id: $id) { name } }`, { id: scopeId })).scope.name;

test.each(cases)("%s (%s)", async (message, name, input) => {
  const app = await server.current.newApp();
  const [error] = await server.current.admin.errors(mutations[name], { input: await input(app) });
  expect(error?.message).toBe(message);
});

test.each([
  ["`apps` requires an administrator; no API key can use it.", `{ apps { totalCount } }`],
  ["`agents` requires the level VIEW on agents, which this key's scope does not grant.", `{ agents { totalCount } }`],
  [
    "`sessions` requires the permission SESSION_VIEW, which this key's scope does not grant.",
    `{ sessions { totalCount } }`,
  ],
])("%s", async (message, query) => {
  const key = await (await server.current.newApp()).key({});
  expect((await key.errors(query)).map((error) => error.message)).toEqual([message]);
});

test("a denial of a field that accepts one of two permissions names both", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["SESSION_CREATE"] });
  const [error] = await key.errors(
    `mutation { createSession(input: { reference: "a" }) { session { documents { id } } } }`,
  );
  expect(error?.message).toBe(
    "`documents` requires the permission SESSION_VIEW or DOCUMENT_UPLOAD, which this key's scope does not grant.",
  );
});

test("each denied field is reported once, by its path in the response", async () => {
  const key = await (await server.current.newApp()).key({ runtime: ["RUN"] });
  const errors = await key.errors(
    `query ($id: ID!) { a: run(id: $id) { bc: agent { id } } ab: run(id: $id) { c: agent { id } c: agent { name } } }`,
    { id },
  );
  expect(errors.map(({ path }) => path)).toEqual([
    ["a", "bc"],
    ["ab", "c"],
  ]);
});

test("the error for too many objects in lists has the number, the maximum and advice", async () => {
  const app = await server.current.newApp();
  const messageFor = async (keys: number, ofEach: number, fields: string) => {
    const query = `query ($id: ID!) { apiKeys(appId: $id, first: ${keys}) {
      nodes { scope { apiKeys(first: ${ofEach}) { nodes { ${fields} } } } }
    } }`;
    return (await server.current.admin.errors(query, { id: app.id }))[0]?.message;
  };
  const advice = "Request less with `first`, or split the operation.";
  expect(await messageFor(200, 200, "id")).toBe(
    `This operation requests up to 40200 objects in lists; the maximum is 10000. ${advice}`,
  );
  const many = Array.from({ length: 25 }, (_, i) => (i % 2 ? `id${i}: id` : `name${i}: name`)).join(" ");
  expect(await messageFor(50, 190, many)).toBe(
    `This operation requests up to 247150 fields of objects in lists; the maximum is 200000. ${advice}`,
  );
});
