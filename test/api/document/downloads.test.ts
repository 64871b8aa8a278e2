import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "content-disposition";
import type { Client } from "../../support/client";
import { createTestLog } from "../../support/log";
import { useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";
import type { TestApp } from "../../support/test-app";

const { log, lines } = createTestLog();
const server = useServer({}, {}, log);
const unknownId = "00000000-0000-7000-8000-000000000000";
const documentContent = `query ($id: ID!) { documentContent(id: $id) { url expiresAt } }`;

async function linkTo(id: string, client: Client = server.current.admin): Promise<string> {
  return (await client.data(documentContent, { id })).documentContent.url as string;
}

const download = (url: string, init: RequestInit = {}) => fetch(new URL(url, server.current.url), init);

/** A document, and a key that may view it. */
async function viewable(content = "The barn is red.", filename = "barn.txt") {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const id = await app.document(sessionId, content, filename);
  return { app, sessionId, id, key: await app.key({ runtime: ["SESSION_VIEW"] }) };
}

/** Expects the response that all invalid links get. */
async function expectNotFound(url: string): Promise<void> {
  const answer = await download(url);
  const message = "This link is invalid or has expired. Query `documentContent` for a new one.";
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { errors: [{ message, extensions: { code: "NOT_FOUND" } }] },
  ]);
}

test.each([
  ["text/plain", "The barn is red.\r\n納屋\n"],
  ["text/html", "<script>alert(1)</script><p>The barn is red.</p>"],
  ["text/plain", ""],
])(
  "a link serves a document of %s unchanged, as an attachment that a browser does not execute",
  async (mimeType, content) => {
    const { id, key } = await viewable(content);
    const answer = await download(await linkTo(id, key));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(content);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": mimeType,
      "content-length": String(Buffer.byteLength(content)),
      "content-disposition": "attachment; filename=barn.txt",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cache-control": "private, no-store",
      "referrer-policy": "no-referrer",
    });
  },
);

test.each([
  'ba"r\\n.txt',
  "häuser 納屋.txt",
  "50%41.txt",
  "a;b=c,d.txt",
  "'; filename*=UTF-8''x.html",
  "x".repeat(255),
])("the filename %j is preserved", async (filename) => {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const id = await app.document(sessionId, "The barn is red.", "barn.txt");
  await server.current.sql(
    `UPDATE document SET filename = '${filename.replace(/['\\]/g, quotedInSql)}' WHERE id = '${id}'`,
  );
  const { headers } = await download(await linkTo(id));
  expect(parse(headers.get("content-disposition") ?? "")).toMatchObject({
    type: "attachment",
    parameters: { filename },
  });
});

/** A backslash is an escape character in MySQL and not in SQLite. */
const quotedInSql = (character: string) =>
  character === "'" ? "''" : server.current.databaseUrl === undefined ? "\\" : "\\\\";

test("a HEAD request gets the headers, and a range request gets the whole document", async () => {
  const { id, key } = await viewable();
  const url = await linkTo(id, key);
  const head = await download(url, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "16", ""]);

  const part = await download(url, { headers: { range: "bytes=0-3" } });
  expect([part.status, part.headers.get("accept-ranges"), await part.text()]).toEqual([
    200,
    "none",
    "The barn is red.",
  ]);
  expect((await download(url, { method: "POST" })).status).toBe(404);
});

test("a link is valid for five minutes, until exactly its expiresAt", async () => {
  const { id, key } = await viewable();
  // All in the past, as the ids of a process never go back: those of later tests would be of the future.
  const requestedAt = Date.now() - 600_000;
  const clock = jest.spyOn(Date, "now").mockReturnValue(requestedAt);
  try {
    const { url, expiresAt } = (await key.data(documentContent, { id })).documentContent;
    const expires = Date.parse(expiresAt as string);
    expect(expires).toBeGreaterThan(requestedAt + 290_000);
    expect(expires).toBeLessThanOrEqual(requestedAt + 300_000);

    clock.mockReturnValue(expires - 1);
    expect((await download(url as string)).status).toBe(200);
    clock.mockReturnValue(expires);
    await expectNotFound(url as string);
  } finally {
    clock.mockRestore();
  }
});

test("a link that was modified in any way is invalid", async () => {
  const [{ app, id, key, sessionId }, foreign] = [await viewable(), await viewable()];
  const other = await app.document(sessionId);
  const url = await linkTo(id, key);
  expect(url).toMatch(new RegExp(`^/documents/${id}\\?expires=\\d+&key=${key.keyId}&signature=[\\w-]{43}$`));
  const [, expires = ""] = /expires=(\d+)/.exec(url) ?? [];
  const [, signature = ""] = /signature=(.+)$/.exec(url) ?? [];
  const changed = [
    url.replace(id, other),
    url.replace(id, foreign.id),
    url.replace(id, unknownId),
    url.replace(`expires=${expires}`, `expires=${Number(expires) + 1}`),
    url.replace(`expires=${expires}`, "expires=Infinity"),
    url.replace(key.keyId, foreign.key.keyId),
    url.replace(`key=${key.keyId}&`, ""),
    url.replace(`key=${key.keyId}`, "key="),
    url.replace(/&signature=.*/, ""),
    url.replace(signature, ""),
    `${url}&signature=${signature}`,
    url.replace(/\?.*/, ""),
  ];
  for (let i = 0; i < signature.length; i++) {
    const character = signature[i] === "A" ? "B" : "A";
    changed.push(url.replace(signature, signature.slice(0, i) + character + signature.slice(i + 1)));
  }
  for (const each of changed) await expectNotFound(each);
  expect((await download(url)).status).toBe(200);
});

const ends: readonly (readonly [string, (made: Awaited<ReturnType<typeof viewable>>) => Promise<unknown>])[] = [
  ["the key is revoked", ({ key }) => change("revokeApiKey(input: { id: $id }) { apiKey { id } }", key.keyId)],
  [
    "the scope allows less",
    ({ key }) =>
      change(
        `updateScope(input: { id: $id, permissions: { agents: FULL, runtime: [RUN] } }) { scope { id } }`,
        key.scopeId,
      ),
  ],
  [
    "the scope is deleted",
    ({ key }) => change("deleteScope(input: { id: $id, revokeKeys: true }) { id }", key.scopeId),
  ],
  ["the app is deleted", ({ app }) => change("deleteApp(input: { id: $id }) { id }", app.id)],
  ["the document is deleted", ({ id }) => change("deleteDocument(input: { id: $id }) { id }", id)],
  [
    "the session is terminated",
    ({ sessionId }) => change("terminateSession(input: { id: $id }) { session { id } }", sessionId),
  ],
];

const change = (field: string, id: string) => server.current.admin.data(`mutation ($id: ID!) { ${field} }`, { id });

test.each(ends)("the links of a key are invalid as soon as %s", async (_, end) => {
  const made = await viewable();
  const url = await linkTo(made.id, made.key);
  expect((await download(url)).status).toBe(200);
  await end(made);
  await expectNotFound(url);
});

test("an administrator's link depends on no key and is invalid once its document is deleted", async () => {
  const { app, id, key } = await viewable();
  const url = await linkTo(id);
  await change("revokeApiKey(input: { id: $id }) { apiKey { id } }", key.keyId);
  expect((await download(url)).status).toBe(200);
  await change("deleteApp(input: { id: $id }) { id }", app.id);
  await expectNotFound(url);
});

test("a link is issued only to callers that may view the document", async () => {
  const [{ app, id }, other] = [await viewable(), await viewable()];
  expect(await other.key.data(documentContent, { id })).toEqual({ documentContent: null });
  expect(await other.key.data(documentContent, { id: unknownId })).toEqual({ documentContent: null });
  const uploader = await app.key({ runtime: ["DOCUMENT_UPLOAD", "RUN"] });
  expect(await uploader.code(documentContent, { id })).toBe("FORBIDDEN");
});

test("a link takes one statement for the key with its scope and one for the document, and survives a restart", async () => {
  const { id, key } = await viewable();
  expect(await requestStatementsOf(() => linkTo(id, key))).toHaveLength(2);
  const url = await linkTo(id, key);
  expect(await requestStatementsOf(() => download(url))).toHaveLength(2);
  await server.current.restart();
  expect((await download(url)).status).toBe(200);
});

test("a link to lost content is invalid, and signatures of links are not logged", async () => {
  const { id, key } = await viewable();
  const url = await linkTo(id, key);
  await download(url);
  await server.current.store.lose(id);
  await expectNotFound(url);
  expect(lines.join("")).not.toContain(/signature=(.+)$/.exec(url)?.[1]);
});

test("clients that do not read their downloads use no memory", async () => {
  const app: TestApp = await server.current.newApp();
  const sessionId = await app.session();
  // Of a type that is fast to index.
  const id = await app.document(sessionId, `["${"x".repeat(20_000_000)}"]`, `${randomUUID()}.json`);
  const url = await linkTo(id);
  const before = process.memoryUsage().rss;
  const { hostname, port } = new URL(server.current.url);
  const sockets = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const socket = connect(Number(port), hostname).pause();
      await once(socket, "connect");
      socket.write(`GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`);
      return socket;
    }),
  );
  await delay(2_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  for (const socket of sockets) socket.destroy();
  expect((await download(url)).headers.get("content-length")).toBe("20000004");
});
