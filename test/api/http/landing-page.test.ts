import request from "supertest";
import { useServer } from "../../support/server";

const server = useServer();
const visit = (path = "", headers: Record<string, string> = {}) =>
  request(server.current.url)
    .get(path)
    .set({ accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...headers });

test("a browser gets Apollo Sandbox with a header for the key, and as a fallback the endpoint and a curl command", async () => {
  const { status, type, text } = await visit();
  expect([status, type]).toEqual([200, "text/html"]);
  expect(text).toContain("new window.EmbeddedSandbox(");
  expect(text).toContain('headers: { "x-api-key": "" }');
  expect(text).toContain(`<code>${server.current.url}</code>`);
  expect(text).toContain(`curl -s ${server.current.url} `);
});

test("the page allows only scripts and frames of its own and of Sandbox, and is not cached", async () => {
  const [{ headers, text }, second] = [await visit(), await visit()];
  const policy = String(headers["content-security-policy"]);
  const [, nonce] = /'nonce-([^']+)'/.exec(policy) ?? [];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`script-src 'nonce-${nonce}' https://embeddable-sandbox.cdn.apollographql.com`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(text.match(/<(?:script|style)[ >]/g)).toHaveLength(3);
  expect(text.split(`nonce="${nonce}"`)).toHaveLength(4);
  expect(String(second.headers["content-security-policy"])).not.toContain(String(nonce));
  expect(headers["cache-control"]).toBe("no-store");
});

test("the host header is escaped in the page", async () => {
  const { text } = await visit("", { host: '<img src="x">' });
  expect(text).not.toContain("<img");
});

test("the page is for browsers only: a query by GET needs a credential, and other clients get no page", async () => {
  expect((await visit("?query={viewer{name}}")).status).toBe(401);
  expect((await request(server.current.url).get("").set("accept", "application/json")).status).toBe(401);
  expect((await request(server.current.url).post("").set("accept", "text/html")).status).toBe(401);
});

test("the root path redirects to the page", async () => {
  const { status, headers } = await request(new URL("/", server.current.url).href).get("");
  expect([status, headers["location"]]).toEqual([302, "/graphql"]);
});
