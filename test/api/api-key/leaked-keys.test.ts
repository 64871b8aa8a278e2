import request from "supertest";
import { newSecret } from "../../../src/domain/api-key/secret";
import { useServer } from "../../support/server";

const server = useServer();

const report = (body: object) => request(new URL(server.current.url).origin).post("/leaked-keys").send(body);

test("a reported secret is refused from the next request, and the answer tells nothing about the others", async () => {
  const app = await server.current.newApp();
  const [leaked, revoked, other] = [await app.key(), await app.key(), await app.key()];
  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: revoked.keyId,
  });
  const answers = [];
  for (const secrets of [[leaked.secret], [revoked.secret], [newSecret()], ["no secret"], [leaked.secret, "x"]]) {
    const { status, text } = await report({ secrets });
    answers.push(`${status} ${text}`);
  }
  expect(new Set(answers)).toEqual(new Set(['202 {"status":"received"}']));
  expect((await leaked.errors(`{ viewer { name } }`))[0]?.extensions).toEqual({
    code: "UNAUTHENTICATED",
    reason: "KEY_REVOKED",
  });
  expect(await other.code(`{ viewer { name } }`)).toBeUndefined();

  const { auditLog, apiKey } = await server.current.admin.data(
    `query ($appId: ID, $id: ID!) {
      auditLog(appId: $appId, filter: { targetId: $id }, first: 1) { nodes { action actor { name } address after } }
      apiKey(id: $id) { revokedBy revokedReason }
    }`,
    { appId: app.id, id: leaked.keyId },
  );
  expect(apiKey).toEqual({ revokedBy: "report of a leak", revokedReason: "Its secret was reported as leaked." });
  expect(auditLog.nodes[0]).toMatchObject({ action: "REVOKE_API_KEY", address: "127.0.0.1" });
});

test("a report of anything but 1 to 100 texts is refused, and repeats nothing of it", async () => {
  for (const body of [{}, { secrets: [] }, { secrets: "canary" }, { secrets: Array<string>(101).fill("canary") }, []]) {
    const { status, text } = await report(body);
    expect(status).toBe(400);
    expect(text).toContain("BAD_USER_INPUT");
    expect(text).not.toContain("canary");
  }
  expect((await report({ secrets: ["x".repeat(100_000)] })).status).toBe(413);
});

test("an address that reports too often has to wait", async () => {
  let limited;
  for (let i = 0; i < 40 && limited?.status !== 429; i++) limited = await report({ secrets: ["x"] });
  expect(limited?.status).toBe(429);
  expect(Number(limited?.headers["retry-after"])).toBeGreaterThan(0);
});
