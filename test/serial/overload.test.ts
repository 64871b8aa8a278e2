import { newAdministratorSecret } from "../../src/domain/api-key/secret";
import { newAdministrator } from "../support/administrators";
import { useAttackedServer } from "../support/attack";
import { ConsoleBrowser } from "../support/console";
import { Flood } from "../support/flood";
import { audience, OidcIssuer } from "../support/oidc-issuer";
import { eventually } from "../support/runs";
import type { KeyHolder } from "../support/test-app";

const issuer = OidcIssuer.start();
const environment: Record<string, string> = { LOG_LEVEL: "info", LOG_REQUESTS: "refused", MAX_CONNECTIONS: "2000" };
beforeAll(async () => {
  environment["OIDC_ISSUER"] = (await issuer).url;
  environment["OIDC_AUDIENCE"] = audience;
  environment["OIDC_ROLE_CLAIM"] = "groups";
  environment["OIDC_ROLE_MAP"] = "admins=ADMIN";
  environment["MODEL_ALLOWED_HOSTS"] = "127.0.0.1";
});
const server = useAttackedServer(environment);
afterAll(async () => (await issuer).stop());

const viewer = `{ viewer { kind } }`;
const kind = { viewer: { kind: "ADMIN" } };

let key: KeyHolder;
let flood: Flood | undefined;

/** Sends more than the server can do, until it refuses some of it. */
async function overload(): Promise<void> {
  flood = new Flood(key);
  await eventually(
    () => server.current.log.some(({ msg }) => /more requests than it can handle/.test(String(msg))),
    60_000,
  );
}

beforeAll(async () => {
  key = await (await server.current.newApp()).key();
});
afterEach(async () => {
  flood?.stop();
  flood = undefined;
  await eventually(async () => (await key.send(viewer)).status === 200, 30_000);
});

test("administrators with a name, by a token, at the console and with the root key get in while keys are refused", async () => {
  await (await issuer).setClaims("ada", { groups: ["admins"] });
  const token = await (await issuer).token("ada");
  const named = await newAdministrator(server.current, { role: "KEY_MANAGER" });
  const byToken = server.current.as(["authorization", `Bearer ${token}`]);
  const browser = await ConsoleBrowser.signedIn(server.current.url, server.current.adminKey);
  for (const one of [named, byToken, browser]) expect(await one.data(viewer)).toEqual(kind);
  const stranger = await newAdministrator(server.current, { role: "AUDITOR" });

  await overload();
  const answers: number[] = [];
  for (let i = 0; i < 5; i++) {
    for (const one of [server.current.admin, named, byToken, browser]) expect(await one.data(viewer)).toEqual(kind);
    answers.push((await key.send(viewer)).status);
  }
  // One that this process has not seen yet.
  expect(await stranger.data(viewer)).toEqual(kind);
  const { id, scopeId } = { id: key.keyId, scopeId: key.scopeId };
  const other = await named.data(
    `mutation ($scopeId: ID!) { createApiKey(input: { scopeId: $scopeId, name: "made under load" }) { apiKey { id } } }`,
    { scopeId },
  );
  expect(other.createApiKey.apiKey.id).not.toBe(id);
  expect(answers).toContain(503);
}, 120_000);

test("administrators get in although made-up credentials of administrators come from their own address", async () => {
  const named = await newAdministrator(server.current, { role: "KEY_MANAGER" });
  const browser = await ConsoleBrowser.signedIn(server.current.url, server.current.adminKey);
  for (const one of [named, browser]) expect(await one.data(viewer)).toEqual(kind);
  const madeUp = server.current.as(["authorization", `Bearer ${newAdministratorSecret()}`]);
  const others = new Flood(madeUp, 50);
  try {
    await overload();
    for (let i = 0; i < 5; i++)
      for (const one of [server.current.admin, named, browser]) expect(await one.data(viewer)).toEqual(kind);
    expect([401, 429, 503]).toContain((await madeUp.send(viewer)).status);
  } finally {
    others.stop();
  }
}, 120_000);

test("refusals have a line of the log a second, with their number", async () => {
  const before = server.current.log.length;
  const startedAt = performance.now();
  await overload();
  const linesOf = () =>
    server.current.log.slice(before).filter(({ msg, requests }) => msg === "request" && requests !== undefined);
  await eventually(() => linesOf().length >= 2, 30_000);
  flood?.stop();
  const lines = linesOf();
  const [first] = lines;
  expect(first).toMatchObject({ transport: "http", caller: null, verdict: "FAILED", code: "UNAVAILABLE" });
  expect(first?.["requestId"]).toEqual(expect.any(String));
  expect(Math.max(...lines.map(({ requests }) => Number(requests)))).toBeGreaterThan(10);
  expect(lines.length).toBeLessThanOrEqual((performance.now() - startedAt) / 1_000 + 1);
}, 120_000);
