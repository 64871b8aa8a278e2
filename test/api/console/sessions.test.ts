import { setTimeout as delay } from "node:timers/promises";
import request from "supertest";
import { newAdministrator } from "../../support/administrators";
import { ConsoleBrowser, ownHeaders } from "../../support/console";
import { pausedRun, runEvents } from "../../support/paused-run";
import { adminKey, TestServer, useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.release());

const viewer = "{ viewer { kind name } }";
const signedIn = () => ConsoleBrowser.signedIn(server.current.url);
const newBrowser = (headers = ownHeaders) => new ConsoleBrowser(server.current.url, headers);
const codeOf = ({ body }: { body: any }) => body.errors?.[0].extensions.code as unknown;
const reasonOf = ({ body }: { body: any }) => body.errors?.[0].extensions.reason as unknown;

test("a browser without a session is told so, and what runs here", async () => {
  const { status, body } = await newBrowser().session();
  expect(status).toBe(200);
  expect(body).toEqual({
    signedIn: false,
    viewer: null,
    expiresAt: null,
    signInWith: null,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    keyFile: null,
  });
});

test("an administrator's key is traded for a cookie that no script reads and no other site sends", async () => {
  const browser = newBrowser();
  const answer = await browser.signIn();
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    signedIn: true,
    viewer: { name: "administrator", role: "ADMIN" },
    keyFile: null,
  });
  const cookie = browser.setCookie(answer);
  expect(cookie).toMatch(/^latchkey-[0-9a-f]{8}=[\w-]{43}; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  expect(answer.text).not.toContain(/=([\w-]{43})/.exec(cookie)?.[1]);
  expect((await browser.session()).body).toEqual(answer.body);
  expect(await browser.data(viewer)).toEqual({ viewer: { kind: "ADMIN", name: "administrator" } });
});

test("the cookie is for TLS alone once the browser uses it", async () => {
  const browser = newBrowser({ ...ownHeaders, origin: "https://tools.example" });
  expect(browser.setCookie(await browser.signIn())).toMatch(/; Secure$/);
});

test("an administrator by name signs in with her key, and has her rights at each request", async () => {
  const { url, admin } = server.current;
  const auditor = await newAdministrator({ url, admin }, { role: "AUDITOR" });
  const browser = await ConsoleBrowser.signedIn(url, auditor.secret);
  expect((await browser.session()).body.viewer).toEqual({ name: auditor.name, role: "AUDITOR" });
  const create = `mutation { createApp(input: { name: "x" }) { app { id } } }`;
  expect((await browser.send(create)).status).toBe(403);
  await admin.data(`mutation ($id: ID!) { revokeAdministrator(input: { id: $id }) { administrator { id } } }`, {
    id: auditor.id,
  });
  const answer = await browser.send(viewer);
  expect([answer.status, reasonOf(answer)]).toEqual([401, "SESSION_ENDED"]);
  expect((await browser.session()).body.signedIn).toBe(false);
});

test.each([
  ["a wrong key", "not-the-administrators-key", undefined],
  ["an API key", "latchkey_" + "0".repeat(49), "NO_ADMINISTRATOR"],
  ["a key with white space in it", "not the key", "WHITE_SPACE"],
])("%s signs nobody in", async (_, credential, reason) => {
  const browser = newBrowser();
  const answer = await browser.signIn(credential);
  expect([answer.status, codeOf(answer), reasonOf(answer)]).toEqual([401, "UNAUTHENTICATED", reason]);
  expect(browser.cookie).toBeUndefined();
});

test("a sign-in without a key says what was needed", async () => {
  const { status, body } = await request(newBrowser().at("session")).post("").set(ownHeaders).send({});
  expect([status, body.errors[0].extensions.fields]).toEqual([
    400,
    [{ field: "credential", message: expect.any(String) }],
  ]);
});

test("guesses are counted, and slowed down by the same limit as those of the API", async () => {
  const other = await TestServer.start({ MAX_FAILED_CREDENTIALS_PER_MINUTE: "3" });
  try {
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { status, headers } = await new ConsoleBrowser(other.url).signIn(`not-the-administrators-key-${i}`);
      statuses.push(status);
      if (status === 429) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await new ConsoleBrowser(other.url).signIn(adminKey)).status).toBe(200);
  } finally {
    await other.stop();
  }
});

test("only somebody at the machine is told where a generated key is", async () => {
  const other = await TestServer.start({ ADMIN_KEY: "" });
  try {
    const browser = new ConsoleBrowser(other.url);
    expect((await browser.session()).body.keyFile).toBe(`${other.dataDir}/admin.key`);
    expect((await browser.session().set("x-forwarded-for", "203.0.113.7")).body.keyFile).toBeNull();
    expect((await browser.session().set("host", "rebound.example")).body.keyFile).toBeNull();
  } finally {
    await other.stop();
  }
});

describe("a request to the console's paths is refused", () => {
  const withoutHeader = { "sec-fetch-site": "same-origin" };
  const from = (headers: Record<string, string>) => ({ "x-latchkey-console": "1", ...headers });
  test.each<[string, Record<string, string>]>([
    ["that lacks the header that needs a preflight", withoutHeader],
    ["that another site's page sends", from({ "sec-fetch-site": "cross-site" })],
    ["that a page of the same site, but another origin sends", from({ "sec-fetch-site": "same-site" })],
    ["whose origin is another host", from({ origin: "https://evil.example" })],
    ["whose origin is none", from({ origin: "null" })],
  ])("%s", async (_, headers) => {
    const { cookie } = await signedIn();
    const browser = newBrowser(headers);
    browser.cookie = cookie;
    for (const answer of [await browser.signIn(), await browser.send(viewer), await browser.signOut()])
      expect([answer.status, reasonOf(answer)]).toEqual([403, "ORIGIN"]);
  });
});

test.each([
  ["the host that the browser sees", {}],
  ["X-Forwarded-Host", { host: "internal:4000", "x-forwarded-host": "tools.example" }],
])("the origin of a page on plain http is compared with %s", async (_, headers) => {
  const host = new URL(server.current.url).host;
  const origin = "x-forwarded-host" in headers ? "http://tools.example" : `http://${host}`;
  const browser = newBrowser({ "x-latchkey-console": "1", origin, ...headers });
  expect((await browser.signIn()).status).toBe(200);
});

test("a proxy that passes neither host is told what to pass", async () => {
  const { body } = await newBrowser({ "x-latchkey-console": "1", origin: "http://tools.example" }).signIn();
  expect(body.errors[0].message).toContain("proxy_set_header Host");
});

test("the API takes no cookie, and the console no header", async () => {
  const { cookie = "" } = await signedIn();
  const api = await request(server.current.url).post("").set("cookie", cookie).send({ query: viewer });
  expect([api.status, reasonOf(api)]).toEqual([401, "NO_CREDENTIAL"]);

  const browser = newBrowser();
  const header = await browser.send(viewer, {}, { authorization: `Bearer ${adminKey}` });
  expect([header.status, reasonOf(header)]).toEqual([401, "NO_SESSION"]);
});

test("a cookie and a header together are refused everywhere", async () => {
  const browser = await signedIn();
  const both = { authorization: `Bearer ${adminKey}` };
  const inConsole = await browser.send(viewer, {}, both);
  const { admin } = server.current;
  const atApi = await admin
    .post()
    .set("cookie", browser.cookie ?? "")
    .send({ query: viewer });
  for (const answer of [inConsole, atApi])
    expect([answer.status, reasonOf(answer)]).toEqual([401, "SEVERAL_CREDENTIALS"]);
  const foreign = await admin.post().set("cookie", "theme=dark").send({ query: viewer });
  expect(foreign.status).toBe(200);
});

test.each(["session", "sessions"] as const)("DELETE /console/%s signs out at once", async (path) => {
  const browser = await signedIn();
  const other = await signedIn();
  const answer = await browser.signOut(path);
  expect(answer.status).toBe(204);
  expect(browser.setCookie(answer)).toMatch(/^latchkey-[0-9a-f]{8}=; Max-Age=0;/);
  expect(reasonOf(await browser.send(viewer))).toBe("SESSION_ENDED");
  expect((await other.send(viewer)).status).toBe(path === "session" ? 200 : 401);
});

test("signing out everywhere leaves the sessions of others", async () => {
  const { url, admin } = server.current;
  const other = await ConsoleBrowser.signedIn(url, (await newAdministrator({ url, admin }, { role: "ADMIN" })).secret);
  await (await signedIn()).signOut("sessions");
  expect((await other.send(viewer)).status).toBe(200);
});

test("sessions are listed, with the one that asks, and ended by their id", async () => {
  const mine = await signedIn();
  const theirs = await signedIn();
  const list = `{ consoleSessions(first: 2) { nodes { id name address userAgent isCurrent endedAt } } }`;
  const { nodes } = (await mine.data(list)).consoleSessions;
  expect(nodes).toMatchObject([
    { name: "administrator", address: "127.0.0.1", isCurrent: false, endedAt: null },
    { isCurrent: true },
  ]);
  const end = `mutation ($id: ID!) { endConsoleSession(input: { id: $id }) { consoleSession { endedAt } } }`;
  const { endConsoleSession } = await mine.data(end, { id: nodes[0].id });
  expect(endConsoleSession.consoleSession.endedAt).not.toBeNull();
  expect(reasonOf(await theirs.send(viewer))).toBe("SESSION_ENDED");
  expect((await mine.data(list)).consoleSessions.nodes[0].id).toBe(nodes[1].id);
  expect(codeOf(await mine.send(end, { id: "none" }))).toBe("NOT_FOUND");
});

test("the audit log has who has signed in and out, and from where", async () => {
  const { url, admin } = server.current;
  const named = await newAdministrator({ url, admin }, { role: "ADMIN" });
  const browser = await ConsoleBrowser.signedIn(url, named.secret);
  await browser.signOut();
  const entries = `query ($id: ID!) {
    auditLog(first: 2, filter: { actorId: $id }) { nodes { action actor { kind name } address target { type id } } }
  }`;
  const { auditLog } = await admin.data(entries, { id: named.id });
  const common = { actor: { kind: "ADMINISTRATOR", name: named.name }, address: "127.0.0.1" };
  const target = { type: "ADMINISTRATOR", id: named.id };
  expect(auditLog.nodes).toEqual([
    { action: "SIGN_OUT", ...common, target },
    { action: "SIGN_IN", ...common, target },
  ]);
});

test("a stream ends when its session is ended", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const runId = await pausedRun(app);
  const browser = await signedIn();
  const response = await browser.stream(runEvents, { runId });
  expect(response.status).toBe(200);
  const text = response.text();
  await delay(100);
  const [{ id }] = (await admin.data(`{ consoleSessions(first: 1) { nodes { id } } }`)).consoleSessions.nodes;
  const endedAt = performance.now();
  await admin.data(`mutation ($id: ID!) { endConsoleSession(input: { id: $id }) { consoleSession { id } } }`, { id });
  expect(await text).toContain("SESSION_ENDED");
  expect(performance.now() - endedAt).toBeLessThan(1_500);
});

test("a session ends with the root key that it was opened with", async () => {
  const other = await TestServer.start();
  try {
    const browser = await ConsoleBrowser.signedIn(other.url);
    await other.restart();
    expect((await browser.send(viewer)).status).toBe(200);
    await other.restartWith({ adminKey: "another-key-of-the-administrator" });
    expect(reasonOf(await browser.send(viewer))).toBe("SESSION_ENDED");
  } finally {
    await other.stop();
  }
});

test.each([
  ["that is not used for eight hours", "lastSeenAt", 8 * 60 + 1],
  ["seven days after it was opened, however much it is used", "expiresAt", 1],
])("a session ends %s", async (_, column, minutes) => {
  const browser = await signedIn();
  const { nodes } = (await browser.data(`{ consoleSessions(first: 1) { nodes { id } } }`)).consoleSessions;
  const time = new Date(Date.now() - minutes * 60_000).toISOString().replace("T", " ").replace("Z", "");
  await server.current.sql(`UPDATE console_session SET ${column} = '${time}' WHERE id = '${nodes[0].id}'`);
  expect(reasonOf(await browser.send(viewer))).toBe("SESSION_ENDED");
});

test("an administrator has at most 100 open sessions: the oldest ends for a new one", async () => {
  const { url, admin } = server.current;
  const { secret } = await newAdministrator({ url, admin }, { role: "ADMIN" });
  const first = await ConsoleBrowser.signedIn(url, secret);
  for (let i = 0; i < 100; i++) await ConsoleBrowser.signedIn(url, secret);
  expect(reasonOf(await first.send(viewer))).toBe("SESSION_ENDED");
});
