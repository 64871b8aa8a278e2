import { newAdministrator } from "../../support/administrators";
import { ConsoleBrowser } from "../../support/console";
import { useServer } from "../../support/server";
import type { TestScope } from "../../support/test-app";

const server = useServer();
const signedIn = () => ConsoleBrowser.signedIn(server.current.url);
const as = (scopeId: string) => ({ "x-latchkey-scope": scopeId });
const agents = "{ agents(first: 10) { nodes { id name } } }";

test("an administrator who acts as a scope is told what a key of it is told", async () => {
  const app = await server.current.newApp();
  await app.agent();
  const browser = await signedIn();
  const scopes: TestScope[] = [{}, { agents: "VIEW" }, { agents: "EDIT", runtime: ["RUN"] }];
  for (const permissions of scopes) {
    const key = await app.key(permissions);
    const operations: [query: string, variables?: object][] = [
      ["{ viewer { kind permissions { agents runtime sessions } } }"],
      [agents],
      ["{ apps(first: 1) { nodes { id } } }"],
      [`mutation { createAgent(input: { name: "a" }) { agent { id } } }`],
      [`mutation { createSession(input: {}) { session { id } } }`],
      ["{ nonsense }"],
    ];
    for (const [query, variables] of operations) {
      const told = await browser.send(query, variables, as(key.scopeId));
      const expected = await key.send(query, variables);
      expect([told.status, told.body]).toEqual([expected.status, expected.body]);
    }
  }
});

test("what an administrator does as a scope is done by an administrator, within the scope's app", async () => {
  const app = await server.current.newApp();
  const agentId = await app.agent();
  const foreign = await (await server.current.newApp()).agent();
  const scopeId = await app.scope({ agents: "VIEW", runtime: ["RUN", "SESSION_VIEW"] });
  const browser = await signedIn();
  const execute = `mutation ($agentId: ID!) {
    executeAgent(input: { agentId: $agentId, text: "What?", waitMs: 5000 }) { run { status startedBy { kind name apiKey { id } } } }
  }`;
  const { executeAgent } = await browser.data(execute, { agentId }, as(scopeId));
  expect(executeAgent.run).toMatchObject({ status: "SUCCEEDED", startedBy: { apiKey: null } });
  const other = await browser.send(execute, { agentId: foreign }, as(scopeId));
  expect(other.body.errors[0].extensions.code).toBe("NOT_FOUND");
});

test("the verdict on an operation comes without executing it", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({ agents: "VIEW" });
  const browser = await signedIn();
  const create = `mutation { createAgent(input: { name: "never" }) { agent { id } } }`;
  const denied = await browser.send(create, {}, as(scopeId), "verdict");
  expect(denied.body).toMatchObject({
    allowed: false,
    errors: [{ path: ["createAgent"], extensions: { code: "FORBIDDEN", granted: expect.anything() } }],
  });
  const variables = { appId: app.id };
  const mine = `mutation ($appId: ID) { createAgent(input: { appId: $appId, name: "never" }) { agent { id } } }`;
  expect((await browser.send(mine, variables, {}, "verdict")).body).toEqual({ allowed: true, errors: [] });
  const { nodes } = (await browser.data(agents, {}, as(scopeId))).agents;
  expect(nodes).toEqual([]);
});

test("only an administrator of the scope's app, with the role ADMIN, may act as it", async () => {
  const { url, admin } = server.current;
  const app = await server.current.newApp();
  const scopeId = await app.scope({ agents: "VIEW" });
  const statusFor = async (input: { role: "ADMIN" | "KEY_MANAGER" | "AUDITOR"; appIds?: string[] }) => {
    const { secret } = await newAdministrator({ url, admin }, input);
    const answer = await (await ConsoleBrowser.signedIn(url, secret)).send(agents, {}, as(scopeId));
    return answer.status;
  };
  expect(await statusFor({ role: "ADMIN" })).toBe(200);
  expect(await statusFor({ role: "ADMIN", appIds: [app.id] })).toBe(200);
  expect(await statusFor({ role: "KEY_MANAGER" })).toBe(403);
  expect(await statusFor({ role: "AUDITOR" })).toBe(403);
  const elsewhere = await server.current.newApp();
  expect(await statusFor({ role: "ADMIN", appIds: [elsewhere.id] })).toBe(404);
});

test("a scope that does not exist, or not any more, can't be acted as", async () => {
  const browser = await signedIn();
  const app = await server.current.newApp();
  const scopeId = await app.scope({ agents: "VIEW" });
  await server.current.admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id }) { id } }`, { id: scopeId });
  for (const id of [scopeId, "none"]) expect((await browser.send(agents, {}, as(id))).status).toBe(404);
  expect((await browser.send(agents, {}, as("not an id"))).status).toBe(400);
});

test("a header of a scope means nothing to the API", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const answer = await server.current.admin.post().set(as(scopeId)).send({ query: "{ viewer { kind } }" });
  expect(answer.body.data.viewer.kind).toBe("ADMIN");
});
