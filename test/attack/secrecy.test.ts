import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import WebSocket from "ws";
import { newAdministrator } from "../support/administrators";
import { allowHosts } from "../support/allowed-hosts";
import { replaceSecret } from "../support/callbacks";
import type { Client } from "../support/client";
import { ConsoleBrowser, ownHeaders } from "../support/console";
import { createTestLog } from "../support/log";
import { node } from "../support/node";
import { audience, OidcIssuer } from "../support/oidc-issuer";
import { eventually } from "../support/runs";
import { adminKey, TestServer } from "../support/server";
import { overSse, overWebSocket } from "../support/stream-clients";
import { storedText } from "../support/stored-text";

const redisUrl = process.env["TEST_DATABASE_URL"] === undefined ? undefined : process.env["TEST_REDIS_URL"];
const redisPrefix = `test-${randomUUID()}`;
const { log, lines } = createTestLog();
const usualTemporary = tmpdir();
/** The commands that Redis was sent. */
const commands: string[] = [];
let temporary: string;
let issuer: OidcIssuer;
let server: TestServer;
let monitor: Socket | undefined;

beforeAll(async () => {
  temporary = await mkdtemp(join(usualTemporary, "latchkey-temporary-"));
  issuer = await OidcIssuer.start();
  server = await TestServer.start(
    {
      ...allowHosts("127.0.0.1"),
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: audience,
      OIDC_ROLE_CLAIM: "roles",
      OIDC_ROLE_MAP: "keepers=ADMIN",
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl, REDIS_PREFIX: redisPrefix }),
    },
    {},
    log,
  );
  node.process.env["TMPDIR"] = temporary;
  if (redisUrl === undefined) return;
  const { hostname, port } = new URL(redisUrl);
  monitor = connect(Number(port), hostname);
  monitor.setEncoding("utf8").on("data", (text: string) => commands.push(text));
  monitor.write("MONITOR\r\n");
});
afterAll(async () => {
  node.process.env["TMPDIR"] = usualTemporary;
  monitor?.destroy();
  await server.stop();
  await issuer.stop();
  await rm(temporary, { recursive: true });
});

const modelKey = "sk-canary-of-the-models-key-0123456789";
const header = "canary-of-the-header-of-a-tool-server";
const callbackUrl = "http://127.0.0.1:9/canary-of-a-callback-url";
const eventUrl = "http://127.0.0.1:9/canary-of-an-event-url";
const madeUp = `latchkey_${"c".repeat(49)}`;

/** Gives the secret to a WebSocket as its credential. @returns all that comes until it is closed */
async function connectWith(url: string, payload: object): Promise<string> {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  const messages: string[] = [];
  socket.on("message", (data: Buffer) => messages.push(data.toString())).on("error", () => undefined);
  socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload })));
  const closed = new Promise<string>((resolve) => {
    socket.on("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
  setTimeout(() => socket.close(), 200);
  return [await closed, ...messages].join("\n");
}

/** Sends a secret wherever a client can put a text by mistake. @returns what it got */
async function leakThroughEveryDoor(client: Client, secret: string): Promise<string> {
  const name = secret.replaceAll(/\W/g, "_");
  const origin = new URL(client.url).origin;
  const answers: unknown[] = [];
  const send = async (query: string, variables?: object, more?: object) => {
    const { body } = await client.send(query, variables, more);
    answers.push(body);
  };
  await send(`query ${name} { viewer { kind } }`);
  await send(`{ ${name} }`);
  await send(`{ "${secret}`);
  await send(`query A { viewer { kind } }`, { [name]: secret }, { operationName: name });
  await send(`{ agent(id: "${secret}") { id } }`);
  await send(`query ($id: ID!) { session(id: $id) { id } }`, { id: secret });
  await send(`mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`, {
    input: { name: "n", unknown: secret, model: secret },
  });
  answers.push((await client.post().set("content-type", "application/json").send(`{ "${secret}`)).body);
  answers.push((await client.get(`?query={${name}}&apiKey=${encodeURIComponent(secret)}`)).body);
  answers.push((await client.get(`/${encodeURIComponent(secret)}`)).body);
  answers.push((await client.upload(secret, "content", "a.txt")).body);
  answers.push((await overSse(client, `query ${name} { viewer { kind } }`)).text);
  answers.push(await overWebSocket(client, `query ${name} { viewer { kind } }`));
  answers.push(await (await fetch(`${origin}/documents/${encodeURIComponent(secret)}?signature=${name}`)).text());
  for (const credential of [secret, `${secret}x`, `"${secret}"`]) {
    answers.push(await (await fetch(client.url, { headers: { "x-api-key": credential } })).text());
    answers.push(await (await fetch(client.url, { headers: { authorization: `Basic ${credential}` } })).text());
  }
  for (const payload of [{ "x-api-key": `${secret}x` }, { authorization: `Bearer ${secret}x` }, { token: secret }])
    answers.push(await connectWith(client.url, payload));
  const signIn = request(`${origin}/console/session`).post("").set(ownHeaders);
  answers.push((await signIn.send({ credential: `${secret}x` })).text);
  answers.push(
    (
      await request(`${origin}/console/session?${encodeURIComponent(secret)}`)
        .get("")
        .set(ownHeaders)
    ).text,
  );
  answers.push(
    (
      await request(origin)
        .post("/leaked-keys")
        .send({ secrets: [`${secret}x`], [name]: secret })
    ).text,
  );
  return JSON.stringify(answers);
}

test("no secret is in the log, an error, the database, Redis, a file or the metrics, whatever door it comes through", async () => {
  const { admin } = server;
  const app = await server.newApp();
  const [key, revoked] = [await app.key(), await app.key()];
  await app.modelConnection("http://127.0.0.1:9/v1", { apiKey: modelKey });
  await app.toolServer("http://127.0.0.1:9/mcp", { headers: [{ name: "authorization", value: header }] });
  await admin.data(`mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { id } } }`, {
    input: { id: app.id, eventUrl },
  });
  const callbackSecret = await replaceSecret(admin, app.id);
  const named = await newAdministrator(server, { role: "KEY_MANAGER" });
  await issuer.setClaims("ada", { roles: ["keepers"] });
  const token = await issuer.token("ada");
  const browser = await ConsoleBrowser.signedIn(server.url, named.secret);
  const [, cookie = ""] = (browser.cookie ?? "").split("=");
  expect((await browser.session()).body.signedIn).toBe(true);
  const { rotateApiKey } = await admin.data(
    `mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 600 }) { secret } }`,
    { id: (await app.key()).keyId },
  );
  const agentId = await app.agent();
  const session = await app.session();
  const documentId = await app.document(session);
  const { executeAgent } = await key.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId, text: "What is red?", callbackUrl, session: { id: session } } },
  );
  expect(executeAgent.run.id).toBeTruthy();
  const { documentContent } = await admin.data(`query ($id: ID!) { documentContent(id: $id) { url } }`, {
    id: documentId,
  });
  const link = new URL(documentContent.url as string, server.url);
  const signature = String([...link.searchParams.values()].sort((one, other) => other.length - one.length)[0]);
  expect(signature.length).toBeGreaterThan(20);
  expect((await fetch(link)).status).toBe(200);
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: revoked.keyId });

  const secrets = [
    adminKey,
    key.secret,
    revoked.secret,
    madeUp,
    modelKey,
    header,
    callbackSecret,
    callbackUrl,
    eventUrl,
    signature,
    named.secret,
    cookie,
    token,
    rotateApiKey.secret as string,
  ];
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
  const answers: string[] = [];
  for (const secret of secrets) answers.push(await leakThroughEveryDoor(key, secret));
  await eventually(() => lines.some((line) => line.includes('"transport":"websocket"')));

  const { usage } = await admin.data(
    `query ($id: ID!) { usage(appId: $id, groupBy: [KEY, OPERATION]) { rows { operation { name hash } requests } } }`,
    { id: app.id },
  );
  expect(usage.rows.length).toBeGreaterThan(3);
  const metrics = await fetch(new URL("/metrics", server.url), {
    headers: { authorization: `Bearer ${adminKey}` },
  });
  const places = {
    log: lines.join(""),
    stored: await storedText(server),
    redis: commands.join(""),
    metrics: await metrics.text(),
    usage: JSON.stringify(usage),
    // GraphQL tells the client the name of a field or an operation that there is none of.
    errors: answers.join("").replaceAll(/(Cannot query field|Unknown operation named|found Name) \\+"\w+\\+"/g, ""),
  };
  if (monitor) expect(places.redis).toContain(redisPrefix);
  const found = Object.entries(places).flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${place}: ${secret.slice(0, 30)}`),
  );
  expect(found).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});
