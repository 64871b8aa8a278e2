import { randomBytes } from "node:crypto";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { documentsOf, filesIn, readDocument, slowText } from "../../support/documents";
import { type Environment, type TestProcess, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { S3Server } from "../../support/s3-server";

jest.setTimeout(90_000);
const processes = useProcesses();
let s3: S3Server;
beforeEach(async () => {
  s3 = await S3Server.start();
});
afterEach(() => s3.stop());

const execute = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { status output citations { document { id } } error { code message } } }
}`;

const fresh = async () => ({ ...(await processes.fresh()), ...s3.environment });

/** The environment of another server that shares the database and the bucket. */
async function otherServer(environment: Environment): Promise<Environment> {
  const { DATA_DIR } = await processes.fresh();
  const DATABASE_URL =
    environment["DATABASE_URL"] ?? `sqlite:${join(environment["DATA_DIR"] ?? "", "latchkey.sqlite")}`;
  return { ...environment, DATA_DIR, DATABASE_URL };
}

async function runAt({ admin }: TestProcess, agentId: string, sessionId: string) {
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId } };
  return (await admin.data(execute, { input })).executeAgent.run;
}

test("an upload while the bucket is unreachable fails with UNAVAILABLE and leaves no file", async () => {
  const environment = await fresh();
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const sessionId = await app.session();
  await s3.down();
  const { body } = await server.admin.upload(sessionId, "The barn is red.");
  expect(body.errors[0].extensions.code).toBe("UNAVAILABLE");
  expect(body.errors[0].message).toBe("The server is temporarily unavailable. Try again in a moment.");
  expect(await documentsOf(server.admin, sessionId)).toEqual([]);
  expect((await filesIn(environment.DATA_DIR)).filter((path) => path.includes("copies"))).toEqual([]);

  await s3.up();
  const id = await app.document(sessionId);
  expect(await readDocument(server.admin, sessionId)).toMatchObject({ id, status: "READY" });
  expect(s3.names().sort()).toEqual([id, `${id}.index`]);
});

test("a document that was indexed while the bucket was unreachable is READY once its index is stored", async () => {
  const server = await processes.serve(await fresh());
  const app = await server.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  const { body } = await server.admin.upload(sessionId, slowText());
  const { id, status } = body.data.uploadDocument.document;
  expect(status).toBe("PROCESSING");
  await s3.down();
  await eventually(() => server.log.some(({ msg }) => msg === "failed to continue processing a document; retrying"));
  expect(await documentsOf(server.admin, sessionId)).toMatchObject([{ id, status: "PROCESSING" }]);

  await s3.up();
  expect(await readDocument(server.admin, sessionId)).toMatchObject({ id, status: "READY", error: null });
  expect(await runAt(server, agentId, sessionId)).toMatchObject({ status: "SUCCEEDED", error: null });
});

test("servers with separate data directories, one after the other, share the bucket", async () => {
  const environment = { ...(await fresh()), SECRETS_KEY: randomBytes(32).toString("hex"), ADMIN_KEY: "k".repeat(24) };
  const first = await processes.serve(environment);
  const app = await first.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  const id = await app.document(sessionId);
  await readDocument(first.admin, sessionId);
  const key = await app.key({ runtime: ["SESSION_VIEW"] });
  const query = `query ($id: ID!) { documentContent(id: $id) { url } }`;
  const { url } = (await key.data(query, { id })).documentContent;
  await first.end();

  const second = await processes.serve(await otherServer(environment));
  expect(await runAt(second, agentId, sessionId)).toMatchObject({
    output: "The barn is red. [barn.txt]",
    citations: [{ document: { id } }],
  });
  expect(await (await fetch(new URL(url as string, second.url))).text()).toBe("The barn is red.");
  await second.admin.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id });
  expect(s3.names()).toEqual([]);
  await second.end();

  const again = await processes.serve(first.environment);
  expect((await fetch(new URL(url as string, again.url))).status).toBe(404);
  expect((await runAt(again, agentId, sessionId)).citations).toEqual([]);
});

test("a server whose bucket is unreachable answers from its cache, and reports documents that are not cached", async () => {
  const environment = { ...(await fresh()), ADMIN_KEY: "k".repeat(24) };
  const first = await processes.serve(environment);
  const app = await first.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  const id = await app.document(sessionId);
  await readDocument(first.admin, sessionId);
  const { documentContent } = await first.admin.data(`query ($id: ID!) { documentContent(id: $id) { url } }`, { id });
  await s3.down();
  expect(await runAt(first, agentId, sessionId)).toMatchObject({ output: "The barn is red. [barn.txt]" });
  const download = await fetch(new URL(documentContent.url as string, first.url));
  expect([download.status, await download.json()]).toMatchObject([
    503,
    { errors: [{ extensions: { code: "UNAVAILABLE" } }] },
  ]);
  await s3.up();
  await first.end();

  const second = await processes.serve(await otherServer(environment));
  await s3.down();
  expect(await runAt(second, agentId, sessionId)).toMatchObject({
    status: "FAILED",
    error: {
      code: "DOCUMENTS_UNAVAILABLE",
      message: "The documents of this session cannot be reached now. Execute the agent again.",
    },
  });
  await s3.up();
  expect(await runAt(second, agentId, sessionId)).toMatchObject({ output: "The barn is red. [barn.txt]" });
  expect([first, second].map(({ stderr }) => stderr).join("")).not.toMatch(/S3RVER|x-amz|authorization/i);
});

test("a document that is deleted while the bucket is unreachable is gone, and its files are swept later", async () => {
  const environment = await fresh();
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const sessionId = await app.session();
  const id = await app.document(sessionId);
  await readDocument(server.admin, sessionId);
  await s3.down();
  await server.admin.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id });
  expect(await documentsOf(server.admin, sessionId)).toEqual([]);
  await s3.up();
  for (const name of [id, `${id}.index`]) await s3.plant(name, await s3.contentOf(name));
  const { stdout } = await processes.finish(environment, "storage", "sweep");
  expect(stdout).toBe(`removed ${id}\n1 orphaned objects removed, 0 documents incomplete.\n`);
  expect(s3.names()).toEqual([]);
});

test.each([
  [
    "unknown credentials",
    (good: Environment) => ({ ...good, AWS_ACCESS_KEY_ID: "swordfish", AWS_SECRET_ACCESS_KEY: "swordfish" }),
    "The store responded with 403 InvalidAccessKeyId. Check AWS_ACCESS_KEY_ID.",
  ],
  [
    "a bucket that does not exist",
    (good: Environment) => ({ ...good, STORAGE_URL: good["STORAGE_URL"]?.replace("latchkey", "nothing") }),
    "The store responded with 404 NoSuchBucket. Create the bucket, or configure another one.",
  ],
  [
    "an endpoint that is not listening",
    (good: Environment) => ({ ...good, STORAGE_URL: good["STORAGE_URL"]?.replace(/%3A\d+/, "%3A1") }),
    "The store is unreachable: connect ECONNREFUSED 127.0.0.1:1",
  ],
])("a server with %s does not start and reports the reason", async (_, misconfigure, reason) => {
  const server = processes.run(misconfigure(await fresh()) as Environment);
  await server.exited;
  expect([server.exit, server.stderr]).toEqual([
    1,
    `Latchkey could not start. The store of documents (STORAGE_URL) can't be used: ${reason}\n`,
  ]);
});

test("the cache of a killed process is deleted once the process is considered dead", async () => {
  const environment = await fresh();
  const killed = await processes.serve(environment);
  const app = await killed.newApp();
  await app.document(await app.session());
  await killed.end("SIGKILL");
  const copies = join(environment.DATA_DIR, "copies");
  const [left = ""] = await readdir(copies);
  expect(await readdir(join(copies, left))).not.toEqual([]);

  const next = await processes.serve(environment);
  expect(await readdir(copies)).toContain(left);
  expect(await next.end()).toBe(0);
  await utimes(join(copies, left), 0, 0);
  expect(await (await processes.serve(environment)).end()).toBe(0);
  expect(await readdir(copies)).toEqual([]);
});

test("objects and files that are not ours are neither changed nor in the way", async () => {
  await s3.plant("deeper/01a20e35-8198-772f-9be3-17d749afd0b5", "not ours");
  const environment = await fresh();
  await mkdir(environment.DATA_DIR);
  await writeFile(join(environment.DATA_DIR, "notes.txt"), "not ours");
  const server = await processes.serve(environment);
  const { stdout } = await processes.finish(environment, "storage", "sweep");
  expect(stdout).toBe("0 orphaned objects removed, 0 documents incomplete.\n");
  expect(await server.end()).toBe(0);
  expect(String(await s3.contentOf("deeper/01a20e35-8198-772f-9be3-17d749afd0b5"))).toBe("not ours");
});
