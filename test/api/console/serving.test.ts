import { get as httpGet } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import request from "supertest";
import { TestServer, useServer } from "../../support/server";

const server = useServer();
const at = (path: string) => new URL(path, server.current.url).href;
const get = (path: string) => request(at(path)).get("").redirects(0);

/** Sends the path as it is, and decodes nothing. */
function rawGet(path: string, headers: Readonly<Record<string, string>> = {}) {
  const { hostname, port } = new URL(server.current.url);
  return new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
    httpGet({ hostname, port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}

/** The path of the script that the page starts with, from the root of the server. */
async function entryOf(path: string): Promise<string> {
  const { text } = await get(path);
  const [, address = ""] = /<script type="module"[^>]* src="([^"]+)"/.exec(text) ?? [];
  return new URL(address, at(path)).pathname;
}

test.each(["/console/", "/console/apps", "/console/apps/1/scopes", "/console/apps/1/scopes/2/keys/"])(
  "the address %s is answered with the page, whose files are found from there",
  async (path) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-cache");
    const entry = await entryOf(path);
    expect(entry).toMatch(/^\/console\/assets\/[\w.-]+\.js$/);
    expect((await get(entry)).status).toBe(200);
  },
);

test("the page may load files of its server alone, runs no inline script, and can't be framed", async () => {
  const { headers } = await get("/console/");
  const policy = String(headers["content-security-policy"]).split("; ");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).toContain("trusted-types 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  const sources = policy.flatMap((each) => each.split(" ").slice(1)).filter((each) => each !== "'none'");
  expect([...new Set(sources)]).toEqual(["'self'", "'script'"]);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
});

test("a file with a hash in its name is cached for good, and any other one is asked for again", async () => {
  const entry = await get(await entryOf("/console/"));
  expect(entry.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  const icon = await get("/console/icon.svg");
  expect(icon.headers["cache-control"]).toBe("public, no-cache");
  const again = await get("/console/icon.svg").set("if-none-match", String(icon.headers["etag"]));
  expect(again.status).toBe(304);
});

test.each([
  ["br, gzip", "br"],
  ["gzip, deflate", "gzip"],
  ["gzip;q=0", undefined],
  ["br;q=0.1, gzip;q=0", "br"],
  ["", undefined],
])("a client that accepts %p gets a script as %p", async (accepted, encoding) => {
  const path = await entryOf("/console/");
  const plain = await fetch(at(path), { headers: { "accept-encoding": "identity" } });
  const text = await plain.text();
  const answer = await rawGet(path, { "accept-encoding": accepted });
  expect(answer.headers["content-encoding"]).toBe(encoding);
  const decode = encoding === "br" ? brotliDecompressSync : encoding === "gzip" ? gunzipSync : (bytes: Buffer) => bytes;
  expect(decode(answer.body).toString()).toBe(text);
});

test.each([
  "/console/assets/gone.js",
  "/console/assets/",
  "/console/assets/..%2findex.html",
  `/console/${"a/".repeat(20)}`,
])("the path %s is answered as one with nothing", async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(404);
  expect(body.errors[0].extensions.code).toBe("NOT_FOUND");
});

test("a path that leaves the folder of the console leads to no file", async () => {
  const answer = await rawGet("/console/../../package.json");
  expect(answer.body.toString()).not.toContain("devDependencies");
});

test("a browser that opens the server is led to the console, below any path, and any other client to the API", async () => {
  const browser = await get("/").set("accept", "text/html,application/xhtml+xml");
  expect([browser.status, browser.headers["location"]]).toEqual([302, "console/"]);
  expect((await get("/")).headers["location"]).toBe("graphql");
  expect((await get("/console")).headers["location"]).toBe("console/");
});

test("a browser that opens the API is led to the explorer, below any path; what it asks for and other clients are answered", async () => {
  const visit = (path: string) => get(path).set("accept", "text/html,application/xhtml+xml");
  const browser = await visit("/graphql");
  expect([browser.status, browser.headers["cache-control"]]).toEqual([302, "no-store"]);
  const location = String(browser.headers["location"]);
  expect(new URL(location, "https://example.com/graphql").pathname).toBe("/console/explorer");
  expect(new URL(location, "https://example.com/latchkey/graphql").pathname).toBe("/latchkey/console/explorer");
  expect((await get("/console/explorer")).status).toBe(200);
  expect((await visit("/graphql?query={viewer{name}}")).status).toBe(401);
  expect((await get("/graphql").set("accept", "application/json")).status).toBe(401);
  const sandbox = await visit("/graphql?sandbox");
  expect([sandbox.status, sandbox.text]).toEqual([200, expect.stringContaining("Open Apollo Sandbox")]);
});

test("with CONSOLE=off nothing of the console is there", async () => {
  const other = await TestServer.start({ CONSOLE: "off" });
  try {
    for (const path of ["/console", "/console/", "/console/session", "/console/graphql"])
      expect((await request(new URL(path, other.url).href).get("").redirects(0)).status).toBe(404);
    const browser = await request(new URL("/", other.url).href).get("").set("accept", "text/html").redirects(0);
    expect(browser.headers["location"]).toBe("graphql");
  } finally {
    await other.stop();
  }
});
