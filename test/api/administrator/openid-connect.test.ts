import { createHmac, createPublicKey } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type GraphQLAnswer } from "../../support/client";
import { audience, OidcIssuer } from "../../support/oidc-issuer";
import { TestServer } from "../../support/server";
import { transports } from "../../support/streams";
import { executeAgent, finishRuns, eventually } from "../../support/runs";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
let issuer: OidcIssuer;
let server: TestServer;
beforeAll(async () => {
  issuer = await OidcIssuer.start();
  server = await TestServer.start(
    {
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: audience,
      OIDC_ROLE_CLAIM: "realm_access.roles",
      OIDC_ROLE_MAP: "latchkey-admins=ADMIN,key-keepers=KEY_MANAGER,auditors=AUDITOR",
    },
    { "test:model": model },
  );
});
afterAll(async () => {
  await finishRuns(server, model);
  await server.stop();
  await issuer.stop();
});

const withToken = (token: string) => new Client(server.url, ["authorization", `Bearer ${token}`]);
const rolesOf = (...roles: string[]) => ({ realm_access: { roles } });
const viewer = `{ viewer { kind name role appIds } }`;
const viewerOf = async (token: string) => (await withToken(token).data(viewer)).viewer;
const nowSeconds = () => Math.floor(Date.now() / 1_000);
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
const standard = () => ({
  iss: issuer.url,
  aud: audience,
  sub: "mallory",
  iat: nowSeconds(),
  exp: nowSeconds() + 300,
  ...rolesOf("latchkey-admins"),
});
const refusalOf = async (token: string) => {
  const { status, body } = await withToken(token).send(viewer);
  const [error] = (body as GraphQLAnswer).errors ?? [];
  return { status, ...error?.extensions };
};
const unauthenticated = { status: 401, code: "UNAUTHENTICATED" };
/** The times of tokens are whole seconds. */
const nextSecond = () => delay(1_050 - (Date.now() % 1_000));
const find = async (subject: string) => {
  const { administrators } = await server.admin.data(
    `{ administrators { nodes { id name role issuer subject hint createdBy status } } }`,
  );
  return administrators.nodes.find((each: { subject: string }) => each.subject === subject);
};

test("a token of the issuer is an administrator with the role that its claim maps to", async () => {
  await issuer.setClaims("ada", { name: "Ada\u202e Lovelace", ...rolesOf("everybody", "auditors") });
  const token = await issuer.token("ada");
  expect(await viewerOf(token)).toEqual({ kind: "ADMIN", name: "Ada Lovelace (ada)", role: "AUDITOR", appIds: null });
  expect(await refusalOf(token)).toEqual({ status: 200 });
  expect(await find("ada")).toMatchObject({
    name: "Ada Lovelace (ada)",
    role: "AUDITOR",
    issuer: issuer.url,
    hint: null,
    createdBy: "OpenID Connect",
    status: "ACTIVE",
  });
  const mutation = `mutation { createApp(input: { name: "x" }) { app { id } } }`;
  expect(await withToken(token).code(mutation)).toBe("FORBIDDEN");
});

test("a genuine token without a mapped role is told so, and has no access", async () => {
  await issuer.setClaims("eve", rolesOf("everybody"));
  expect(await refusalOf(await issuer.token("eve"))).toEqual({ ...unauthenticated, reason: "TOKEN_WITHOUT_ROLE" });
  expect(await refusalOf(await issuer.sign({ ...standard(), realm_access: null }))).toMatchObject(unauthenticated);
  expect(await find("eve")).toBeUndefined();
});

test("a genuine token that has expired is told so, once the tolerance for clocks is over", async () => {
  const ended = (seconds: number) =>
    issuer.sign({ ...standard(), iat: nowSeconds() - 600, exp: nowSeconds() - seconds });
  expect(await refusalOf(await ended(35))).toEqual({ ...unauthenticated, reason: "TOKEN_EXPIRED" });
  expect(await refusalOf(await ended(5))).toEqual({ status: 200 });
});

describe("a token is refused like any unknown credential", () => {
  const forged = (header: object, payload: object, signature: (text: string) => string) => {
    const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${text}.${signature(text)}`;
  };
  const cases: readonly [name: string, token: () => Promise<string>][] = [
    ["for another audience", () => issuer.token("ada", "https://other.test")],
    ["whose audience only contains the right one", () => issuer.sign({ ...standard(), aud: `${audience}/` })],
    ["of another issuer", () => issuer.sign({ ...standard(), iss: `${issuer.url}/` })],
    ["without a subject", () => issuer.sign({ ...standard(), sub: undefined })],
    ["without an end", () => issuer.sign({ ...standard(), exp: undefined })],
    ["that is not valid yet", () => issuer.sign({ ...standard(), nbf: nowSeconds() + 300 })],
    ["from the future", () => issuer.sign({ ...standard(), iat: nowSeconds() + 300, exp: nowSeconds() + 600 })],
    ["for another use, such as a logout token", () => issuer.sign(standard(), { typ: "logout+jwt" })],
    ["with a key that the issuer does not have", () => issuer.sign(standard(), { kid: "another" })],
    ["without a signature", () => Promise.resolve(forged({ alg: "none" }, standard(), () => ""))],
    [
      "signed by HS256 with the public key as the secret",
      async () => {
        const key = await issuer.publicKey();
        const pem = createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
        const sign = (text: string) => createHmac("sha256", pem).update(text).digest("base64url");
        return forged({ alg: "HS256", kid: key["kid"] }, standard(), sign);
      },
    ],
    [
      "with a changed payload",
      async () => {
        const [header, , signature] = (await issuer.sign(standard())).split(".");
        const changed = Buffer.from(JSON.stringify({ ...standard(), sub: "root" })).toString("base64url");
        return `${header}.${changed}.${signature}`;
      },
    ],
    ["that is no token", () => Promise.resolve("eyJhbGciOi.eyJz.c2ln")],
    ["that is far too long", async () => issuer.sign({ ...standard(), more: "x".repeat(7_000) })],
  ];
  test.each(cases)("%s", async (_, token) => {
    const { status, body } = await withToken("a-key-that-nobody-was-ever-given").send(viewer);
    const refused = await withToken(await token()).send(viewer);
    expect([refused.status, refused.body]).toEqual([status, body]);
    expect(status).toBe(401);
  });
});

test("an old token does not bring back a role that a newer one has taken away", async () => {
  await issuer.setClaims("eve", rolesOf("latchkey-admins"));
  const old = await issuer.token("eve");
  expect(await viewerOf(old)).toMatchObject({ role: "ADMIN" });
  await nextSecond();
  await issuer.setClaims("eve", rolesOf("auditors"));
  const newer = await issuer.token("eve");
  expect(await viewerOf(newer)).toMatchObject({ role: "AUDITOR" });
  expect(await refusalOf(old)).toEqual(unauthenticated);
  const { id } = await find("eve");
  const query = `query ($id: ID!) { auditLog(filter: { targetId: $id }) { nodes { action actor { kind id } before after } } }`;
  expect((await server.admin.data(query, { id })).auditLog.nodes).toMatchObject([
    {
      action: "UPDATE_ADMINISTRATOR",
      actor: { kind: "ADMINISTRATOR", id },
      before: { role: "ADMIN" },
      after: { role: "AUDITOR" },
    },
    { action: "CREATE_ADMINISTRATOR", actor: { kind: "ADMINISTRATOR", id }, after: { role: "ADMIN", subject: "eve" } },
  ]);
  await nextSecond();
  await issuer.setClaims("eve", rolesOf("latchkey-admins"));
  expect(await viewerOf(await issuer.token("eve"))).toMatchObject({ role: "ADMIN" });
  expect(await refusalOf(newer)).toEqual(unauthenticated);
});

test("a subject can be confined to apps and revoked, for all its tokens; its role is the issuer's", async () => {
  await issuer.setClaims("mallory", rolesOf("latchkey-admins"));
  const token = await issuer.token("mallory");
  expect(await viewerOf(token)).toMatchObject({ role: "ADMIN", appIds: null });
  const { id } = await find("mallory");
  const app = await server.newApp();
  const update = `mutation ($input: UpdateAdministratorInput!) { updateAdministrator(input: $input) { administrator { id } } }`;
  await server.admin.data(update, { input: { id, appIds: [app.id] } });
  expect(await viewerOf(token)).toMatchObject({ appIds: [app.id] });
  const [error] = await server.admin.errors(update, { input: { id, role: "AUDITOR" } });
  expect(error?.extensions).toMatchObject({ code: "CONFLICT", reason: "DECIDED_BY_ISSUER" });
  await server.admin.data(`mutation ($id: ID!) { revokeAdministrator(input: { id: $id }) { administrator { id } } }`, {
    id,
  });
  const revoked = { ...unauthenticated, reason: "ADMINISTRATOR_REVOKED" };
  expect(await refusalOf(token)).toEqual(revoked);
  await nextSecond();
  expect(await refusalOf(await issuer.token("mallory"))).toEqual(revoked);
});

test("a stream ends with the token that it was opened with", async () => {
  const app = await server.newApp();
  const agentId = await app.agent({ model: "test:model" });
  const started = await server.admin.data(executeAgent, { input: { agentId, text: "one hold", waitMs: 0 } });
  await eventually(() => model.holding > 0);
  // With the tolerance, it ends in about 2 s.
  const token = await issuer.sign({ ...standard(), sub: "brief", iat: nowSeconds() - 60, exp: nowSeconds() - 28 });
  const query = `subscription ($id: ID!) { runEvents(runId: $id) { index } }`;
  const reader = transports.WebSocket(withToken(token), query, { id: started.executeAgent.run.id });
  await reader.until(2);
  expect(await reader.end).toMatchObject({ code: 4403 });
}, 20_000);

test("after the issuer has replaced its keys, old tokens are refused and new ones accepted, with few requests", async () => {
  await issuer.setClaims("ada", rolesOf("auditors"));
  const old = await issuer.token("ada");
  await viewerOf(old);
  await issuer.rotateKeys();
  const token = await issuer.token("ada");
  const before = await issuer.keyRequests();
  await Promise.all(Array.from({ length: 20 }, () => refusalOf(token)));
  await eventually(async () => (await refusalOf(token)).status === 200);
  expect(await refusalOf(old)).toEqual(unauthenticated);
  expect((await issuer.keyRequests()) - before).toBeLessThanOrEqual(3);
  expect(claimsOf(token)["sub"]).toBe("ada");
}, 30_000);

test("tokens are refused by a server without an issuer, and with 503 if the issuer does not answer", async () => {
  const token = await issuer.sign(standard());
  const without = await TestServer.start();
  const away = await TestServer.start({
    OIDC_ISSUER: "http://127.0.0.1:1",
    OIDC_AUDIENCE: audience,
    OIDC_ROLE_MAP: "x=ADMIN",
  });
  try {
    const statusOf = async ({ url }: TestServer) =>
      (await new Client(url, ["authorization", `Bearer ${token}`]).send(viewer)).status;
    expect([await statusOf(without), await statusOf(away)]).toEqual([401, 503]);
    expect((await away.admin.data(viewer)).viewer.name).toBe("administrator");
  } finally {
    await Promise.all([without.stop(), away.stop()]);
  }
});
