import { sendRaw } from "../../support/raw";
import { adminKey, useServer } from "../../support/server";
import { RawSocket } from "../../support/streams";

const allowed = "https://app.example.com";
const foreign = "https://foreign.example";

const closed = useServer();
const open = useServer({ CORS_ORIGINS: `${allowed}, http://localhost:3000` });

const bearer = `Bearer ${adminKey}`;
const json = { "content-type": "application/json" };
const body = JSON.stringify({ query: `{ viewer { kind } }` });

const preflight = (url: string, origin: string, method = "POST", headers = "authorization,content-type") =>
  sendRaw(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
  });

describe("a page of a configured origin", () => {
  test.each(["/graphql", "/graphql/stream", "/documents/some-id", "/healthz"])(
    "may send any request to %s, as a preflight request without a credential tells its browser",
    async (path) => {
      const { origin } = new URL(open.current.url);
      for (const page of [allowed, "http://localhost:3000"]) {
        const { status, headers, text } = await preflight(`${origin}${path}`, page, "POST", "x-api-key,x-anything");
        expect([status, text]).toEqual([204, ""]);
        expect(headers).toMatchObject({
          "access-control-allow-origin": page,
          "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
          "access-control-allow-headers": "x-api-key,x-anything",
          "x-content-type-options": "nosniff",
          "cache-control": "no-store",
        });
        expect(headers["access-control-allow-credentials"]).toBeUndefined();
        expect(String(headers["vary"]).toLowerCase().split(", ")).toContain("origin");
      }
    },
  );

  test("may read every response, its request id and its rates, also of an error", async () => {
    const { url } = open.current;
    const { origin } = new URL(url);
    for (const [expected, answer] of [
      [200, await sendRaw(url, { headers: { ...json, authorization: bearer, origin: allowed }, body })],
      [401, await sendRaw(url, { headers: { ...json, origin: allowed }, body })],
      [404, await sendRaw(`${origin}/elsewhere`, { headers: { origin: allowed } })],
      [415, await sendRaw(url, { headers: { "content-type": "x", authorization: bearer, origin: allowed }, body })],
      [
        200,
        await sendRaw(`${url}/stream`, {
          headers: { ...json, accept: "text/event-stream", authorization: bearer, origin: allowed },
          body,
        }),
      ],
    ] as const) {
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([expected, allowed]);
      const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
      expect(exposed).toEqual(
        expect.arrayContaining([
          "x-request-id",
          "retry-after",
          "ratelimit-limit",
          "ratelimit-remaining",
          "ratelimit-reset",
        ]),
      );
    }
  });
});

test("a page of any other origin gets no permission, and its preflight request executes nothing", async () => {
  for (const page of [
    foreign,
    "null",
    `${allowed}.foreign.example`,
    "https://APP.example.com",
    "http://app.example.com",
  ]) {
    const { headers } = await preflight(open.current.url, page);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    const answer = await sendRaw(open.current.url, { headers: { ...json, authorization: bearer, origin: page }, body });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  }
  const { status, headers } = await preflight(closed.current.url, allowed);
  expect([status, headers["access-control-allow-origin"]]).toEqual([404, undefined]);
  const none = await sendRaw(closed.current.url, {
    headers: { ...json, authorization: bearer, origin: allowed },
    body,
  });
  expect([none.status, none.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
});

describe("a WebSocket", () => {
  const refusalOf = async (url: string, origin?: string) => {
    const socket = new RawSocket(url, origin === undefined ? {} : { origin });
    const opened = socket.say({ type: "connection_init", payload: { authorization: bearer } });
    await Promise.race([socket.closed, opened.then(() => socket.until(1))]);
    const { refusal } = socket;
    socket.terminate();
    return refusal;
  };

  test("is opened for clients without an origin, and for the pages of the server itself", async () => {
    for (const { url } of [open.current, closed.current]) {
      const { host } = new URL(url);
      expect(await refusalOf(url)).toBeUndefined();
      expect(await refusalOf(url, `http://${host}`)).toBeUndefined();
      // A proxy ends TLS.
      expect(await refusalOf(url, `https://${host}`)).toBeUndefined();
    }
  });

  test("is opened for a page of another origin only if it is configured", async () => {
    expect(await refusalOf(open.current.url, allowed)).toBeUndefined();
    expect(await refusalOf(closed.current.url, allowed)).toBe(403);
    for (const page of [foreign, "null", `${allowed}, ${foreign}`, "http://127.0.0.1", "file://", "nonsense"]) {
      expect(await refusalOf(open.current.url, page)).toBe(403);
    }
  });
});
