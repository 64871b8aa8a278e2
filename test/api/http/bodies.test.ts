import { gzipSync } from "node:zlib";
import { sendRaw } from "../../support/raw";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";

const server = useServer();
let key: KeyHolder;
beforeAll(async () => {
  key = await (await server.current.newApp()).key();
});

const query = JSON.stringify({ query: "{ viewer { kind } }" });

/** Posts a body with the credential of a key. @returns the status, and the first error if there is one */
async function post(body: string | Buffer, headers: Record<string, string> = {}, path = "") {
  const all = { "content-type": "application/json", "x-api-key": key.secret, ...headers };
  const { status, text } = await sendRaw(server.current.url + path, { headers: all, body });
  const { errors } = JSON.parse(text) as { errors?: { message: string; extensions: { code: string } }[] };
  return { status, code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
}

test.each(["gzip", "br", "deflate", "GZIP", "identity, gzip", "x-unknown"])(
  "a body with content-encoding: %s is refused for it",
  async (encoding) => {
    for (const path of ["", "/stream"]) {
      const headers = { "content-encoding": encoding, accept: "application/json, text/event-stream" };
      expect(await post(gzipSync(query), headers, path)).toEqual({
        status: 415,
        code: "UNSUPPORTED_MEDIA_TYPE",
        message: expect.stringContaining("`content-encoding`"),
      });
    }
  },
);

test("a body that is not compressed may say so", async () => {
  for (const encoding of ["identity", ""]) {
    expect(await post(query, { "content-encoding": encoding })).toMatchObject({ status: 200, code: undefined });
  }
});

test.each([
  `{"query": "{ viewer { kind } }", "variables": {"__proto__": 1}}`,
  `{"query": "{ viewer { kind } }", "__proto__": {"a": 1}}`,
  `{"query": "{ viewer { kind } }", "variables": {"constructor": {"prototype": {}}}}`,
  `{"query": "{ viewer { kind } }", "variables": {"a": {"\\u005f_proto__": {}}}}`,
])("a body with a key of a prototype is refused for it: %s", async (body) => {
  expect(await post(body)).toEqual({
    status: 400,
    code: "BAD_USER_INPUT",
    message: expect.stringContaining("`__proto__`"),
  });
});

const range = "must be a whole number from -2147483648 to 2147483647";

test.each<[type: string, value: unknown, message: string, field: string]>([
  ["Int", 3_000_000_000, range, "agents(first: $v) { nodes { id } }"],
  ["Int", -3_000_000_000, range, "agents(first: $v) { nodes { id } }"],
  ["Int", 1e300, range, "agents(first: $v) { nodes { id } }"],
  ["Int", 1.5, "must be a whole number", "agents(first: $v) { nodes { id } }"],
  ["Int", "5", "must be a whole number", "agents(first: $v) { nodes { id } }"],
  ["Boolean!", "true", "must be true or false", "viewer { kind @include(if: $v) }"],
  ["String", 5, "must be a text", "agents(after: $v) { nodes { id } }"],
  ["ID!", true, "must be a text", "agent(id: $v) { id }"],
])("a variable of the type %s with the value %j is told what it must be", async (type, value, message, field) => {
  const { body } = await key.send(`query ($v: ${type}) { ${field} }`, { v: value });
  expect(body.errors[0]).toMatchObject({ message: `v: ${message}`, extensions: { code: "BAD_USER_INPUT" } });
});

test("a subscription that is posted to /graphql for events is told where they are", async () => {
  const subscription = JSON.stringify({ query: `subscription { runEvents(runId: "x") { index } }` });
  const answer = await post(subscription, { accept: "text/event-stream" });
  expect(answer).toEqual({ status: 406, code: "BAD_USER_INPUT", message: expect.stringContaining("/graphql/stream") });
});
