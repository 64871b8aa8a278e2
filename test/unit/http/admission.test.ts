import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { createAdmittingServer, endWait } from "../../../src/api/http/admission";
import type { Doorkeeper } from "../../../src/api/doorkeeper";

const origin = "https://console.example";
let server: Server | undefined;
let refused: string[] = [];

afterEach(() => {
  refused = [];
  server?.close();
  server?.closeAllConnections();
});

/** A server whose handler answers 200, in front of which the doorkeeper admits or not. @returns its URL */
async function listen(admit: Doorkeeper["admit"]): Promise<string> {
  const isGuarded = (url: string) => url.includes("/graphql");
  const created = createAdmittingServer(
    (request, response) => {
      endWait(request);
      response.end("handled");
    },
    {
      doorkeeper: { admit } as Doorkeeper,
      isGuarded,
      corsOrigins: [origin],
      cookie: undefined,
      reports: { refuseOverload: (id) => void refused.push(id) },
    },
  );
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(created.address() as AddressInfo).port}`;
}

test("a request that is not admitted gets 503 with when to try again, in the shape of a GraphQL response", async () => {
  const url = await listen(() => undefined);
  const response = await fetch(`${url}/graphql`, { method: "POST", body: "{}", headers: { "x-request-id": "mine" } });
  expect(response.status).toBe(503);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "retry-after": "1",
    "cache-control": "no-store",
    "x-request-id": "mine",
  });
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: "UNAVAILABLE", retryAfterMs: 1_000 } }],
  });
  expect(refused).toEqual(["mine"]);
});

test.each([
  ["the accepted media type", { accept: "application/graphql-response+json" }, "content-type", /graphql-response/],
  ["an allowed origin", { origin }, "access-control-allow-origin", /^https:\/\/console\.example$/],
  ["no other origin", { origin: "https://elsewhere.example" }, "access-control-allow-origin", /^null$/],
  ["the connection, if a large body follows", {}, "connection", /close/, "x".repeat(20_000)],
])("a refusal of a request that is not admitted heeds %s", async (_, headers, name, expected, body = "{}") => {
  const url = await listen(() => undefined);
  const response = await fetch(`${url}/graphql`, { method: "POST", body, headers });
  expect(response.status).toBe(503);
  expect(String(response.headers.get(name))).toMatch(expected);
  await response.text();
});

test("requests that need no credential, and preflight requests, are not refused", async () => {
  const url = await listen(() => undefined);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/graphql`, { method: "OPTIONS" })).status).toBe(200);
});

test("the wait of an admitted request ends when its handler says so", async () => {
  const ended = jest.fn();
  const url = await listen(() => ended);
  expect(await (await fetch(`${url}/graphql`)).text()).toBe("handled");
  expect(ended).toHaveBeenCalled();
});
