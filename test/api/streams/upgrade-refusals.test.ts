import { randomUUID } from "node:crypto";
import { type RawAnswer, sendRaw } from "../../support/raw";
import { revoke } from "../../support/revocations";
import { createTestLog } from "../../support/log";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";

const { log, lines } = createTestLog();
const server = useServer({ MAX_FAILED_CREDENTIALS_PER_MINUTE: "3" }, {}, log);

const upgrade = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "sec-websocket-protocol": "graphql-transport-ws",
};

const send = (headers: Record<string, string>, path = "/graphql"): Promise<RawAnswer> =>
  sendRaw(new URL(path, server.current.url).href, { method: "GET", headers: { ...upgrade, ...headers } });

/** Expects an answer in the shape of all errors, and a line of the log with its request id. */
async function expectRefusal({ status, headers, text }: RawAnswer, requestId: string, expected: object) {
  const [error, ...more] = JSON.parse(text).errors as { message: string; extensions: object }[];
  expect({ status, more }).toEqual({ status: (expected as { status: number }).status, more: [] });
  expect(error?.message).toMatch(/^[A-Z`].+[.!]$/);
  expect(headers).toMatchObject({
    "x-request-id": requestId,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-type": "application/json; charset=utf-8",
    connection: "close",
  });
  await eventually(() => lines.some((line) => line.includes(requestId)));
  const line = JSON.parse(lines.find((each) => each.includes(requestId)) ?? "{}") as object;
  const { extensions } = error ?? {};
  expect(line).toMatchObject({ msg: "request", transport: "websocket", code: (extensions as { code: string }).code });
  return extensions;
}

async function refused(expected: object, headers: Record<string, string>, path?: string) {
  const requestId = randomUUID();
  const answer = await send({ ...headers, "x-request-id": requestId }, path);
  return { answer, extensions: await expectRefusal(answer, requestId, expected) };
}

test("an upgrade at another path gets NOT_FOUND", async () => {
  expect((await refused({ status: 404 }, {}, "/elsewhere")).extensions).toEqual({ code: "NOT_FOUND" });
});

test("an upgrade of a foreign page gets FORBIDDEN with the reason ORIGIN", async () => {
  const { extensions } = await refused({ status: 403 }, { origin: "https://elsewhere.example" });
  expect(extensions).toEqual({ code: "FORBIDDEN", reason: "ORIGIN" });
});

test("an upgrade with a credential that is malformed, revoked, or not allowed from the address is told so", async () => {
  const app = await server.current.newApp();
  const [key, revoked] = [await app.key(), await app.key()];
  await server.current.admin.data(revoke, { id: revoked.keyId });
  const malformed = await refused({ status: 401 }, { "x-api-key": key.secret.slice(0, -1) });
  expect(malformed.extensions).toEqual({ code: "UNAUTHENTICATED", reason: "KEY_TOO_SHORT" });
  expect(malformed.answer.headers["www-authenticate"]).toBe('Bearer realm="Latchkey"');
  const ended = await refused({ status: 401 }, { "x-api-key": revoked.secret });
  expect(ended.extensions).toEqual({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });

  const confine = `mutation ($id: ID!) {
    updateApiKey(input: { id: $id, allowedAddresses: ["192.0.2.0/24"] }) { apiKey { id } }
  }`;
  await server.current.admin.data(confine, { id: key.keyId });
  const outside = await refused({ status: 403 }, { "x-api-key": key.secret });
  expect(outside.extensions).toEqual({ code: "FORBIDDEN", reason: "ADDRESS", address: "127.0.0.1" });
});

test("an upgrade from an address that guesses gets RATE_LIMITED with when to try again", async () => {
  for (let i = 0; i < 4; i++) await send({ authorization: `Bearer guess${i}` });
  const { answer, extensions } = await refused({ status: 429 }, { authorization: "Bearer eyJhIjoxfQ.e30.x" });
  expect(extensions).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: expect.any(Number) as number });
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
});
