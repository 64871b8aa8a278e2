import { randomUUID } from "node:crypto";
import { useServer } from "./support/server";
import type { TestApp } from "./support/test-app";

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

/** What is refused for what is there, with what to do. */
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
