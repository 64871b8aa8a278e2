import request from "supertest";
import { useServer } from "../../support/server";

const server = useServer({ CONSOLE: "off" });
const visit = (path = "", headers: Record<string, string> = {}) =>
  request(server.current.url)
    .get(path)
    .set({ accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...headers });
const policyOf = ({ headers }: { headers: Record<string, unknown> }) =>
  String(headers["content-security-policy"]).split("; ");

test("without a console a browser gets the endpoint, a curl command, and a way to Apollo Sandbox", async () => {
  const { status, type, text } = await visit();
  expect([status, type]).toEqual([200, "text/html"]);
  expect(text).toContain(`<code class="endpoint">${server.current.url}</code>`);
  expect(text).toContain(`curl -s <span class="endpoint">${server.current.url}</span> `);
  expect(text).toContain("Open Apollo Sandbox");
});

test("the page with the field for a key runs no script but its own, connects to this server alone, and is not cached", async () => {
  const [first, second] = [await visit(), await visit("?sandbox")];
  expect(first.text).toContain('<input id="key" type="password"');
  const policy = policyOf(first);
  const [, nonce] = /'nonce-([^']+)'/.exec(policy.join()) ?? [];
  expect(policy).toEqual([
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
  expect(first.text.match(/<(?:script|style)[ >]/g)).toHaveLength(2);
  expect(first.text).not.toMatch(/<script[^>]* src=/);
  expect(policyOf(second).join()).not.toContain(String(nonce));
  expect(first.headers["cache-control"]).toBe("no-store");
});

test("the page with Sandbox has no field for a key, runs one version of its script, and may connect to nothing", async () => {
  const answer = await visit("?sandbox=tab");
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain("<input");
  const scripts = answer.text.match(/<script[^>]* src=[^>]*>/g) ?? [];
  expect(scripts).toHaveLength(1);
  expect(scripts[0]).toMatch(/\/[0-9a-f]{40}\/[\w.-]+" integrity="sha256-[\w+/]{43}=" crossorigin="anonymous">/);
  const policy = policyOf(answer);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'none'");
  expect(policy.find((each) => each.startsWith("script-src"))).toMatch(/^script-src 'nonce-[^']+'$/);
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

test("the root path redirects to the page beside it, also below a path of a proxy", async () => {
  const { status, headers } = await request(new URL("/", server.current.url).href).get("");
  expect(status).toBe(302);
  const location = String(headers["location"]);
  expect(new URL(location, "https://example.com/").pathname).toBe("/graphql");
  expect(new URL(location, "https://example.com/latchkey/").pathname).toBe("/latchkey/graphql");
});

test("behind a proxy that ends TLS the page shows the address of the browser", async () => {
  const https = server.current.url.replace(/^http:/, "https:");
  const { text } = await visit("", { "x-forwarded-proto": "https" });
  expect(text.match(/<(code|span) class="endpoint">([^<]*)/g)).toEqual([
    `<code class="endpoint">${https}`,
    `<span class="endpoint">${https}`,
    `<span class="endpoint">${https}`,
  ]);
  expect(text).toContain("const endpoint = location.origin + location.pathname;");
  expect((await visit("", { "x-forwarded-proto": "<img>" })).text).toContain(`>${server.current.url}<`);
});
