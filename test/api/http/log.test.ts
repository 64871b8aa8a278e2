import { createClient } from "graphql-sse";
import type { Client } from "../../support/client";
import { type TestProcess, useProcesses } from "../../support/process";
import { execute, refusalOf } from "../../support/runs";

const processes = useProcesses();
const secret = "hunter2";
const adminKey = `${secret}-is-the-key-of-the-administrator`;

const serve = async (level: string) =>
  processes.serve({ ...(await processes.fresh()), ADMIN_KEY: adminKey, LOG_LEVEL: level });

/** Sends many kinds of requests, with a secret in every field that can hold one. */
async function sendSecrets(server: TestProcess, key: Client): Promise<void> {
  const { createAgent } = await key.data(
    `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`,
    { input: { name: secret, instructions: secret } },
  );
  const agentId = createAgent.agent.id as string;
  const { session, run } = await execute(key, { agentId, text: secret, session: { reference: secret } });
  await key.upload(session.id as string, secret, `${secret}.txt`);
  await eventOf(key, run.id as string);

  await server.as(["x-api-key", secret]).send(`{ viewer { kind } }`);
  await server.as(["authorization", `Bearer ${secret}`]).send(`{ viewer { kind } }`);
  await key.send(`{ ${secret} }`);
  await key.send(`{ "${secret}`);
  await key.post().set("content-type", "application/json").send(`{ "${secret}`);
  await key.get(`?query={${secret}}`);
  await key.upload(secret, secret, secret);
  await refusalOf(key, { agentId: secret, text: secret });
}

async function eventOf({ url, credential }: Client, runId: string): Promise<void> {
  const sse = createClient({ url: `${url}/stream`, headers: Object.fromEntries(credential ? [credential] : []) });
  for await (const _ of sse.iterate({ query: `subscription { runEvents(runId: "${runId}") { index } }` }));
}

test("a log line is JSON with time, level, name and message", async () => {
  const server = await serve("trace");
  await sendSecrets(server, await (await server.newApp()).key());
  await server.end();

  expect(server.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["stopping"]));
  for (const line of server.log) {
    expect(line).toMatchObject({
      level: expect.stringMatching(/^(trace|debug|info|warn|error|fatal)$/),
      name: "latchkey",
      msg: expect.any(String),
    });
    expect(new Date(line["time"] as string).toISOString()).toBe(line["time"]);
  }
});

test("no log line contains a credential or an input, even at the most verbose level and if the database fails", async () => {
  const server = await serve("trace");
  const app = await server.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  await sendSecrets(server, key);

  await server.sql("ALTER TABLE message RENAME TO elsewhere");
  const masked = await key.send(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId, text: secret } },
  );
  expect(masked.body.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
  await server.sql("ALTER TABLE api_key RENAME TO elsewhere_too");
  const unavailable = await key.send(`{ viewer { kind } }`);
  expect(unavailable.body.errors[0].extensions.code).toBe("UNAVAILABLE");
  await server.end();

  for (const answer of [masked, unavailable]) {
    const [logged] = server.log.filter(({ requestId }) => requestId === answer.headers["x-request-id"]);
    expect(logged).toMatchObject({ level: "error", msg: "a request failed", err: { type: "QueryFailedError" } });
    expect((logged as { err: { stack: string } }).err.stack).toMatch(/\n +at .+:\d+:\d+/);
  }
  const output = server.stdout + server.stderr;
  expect(output).not.toContain(secret);
  expect(output).not.toContain(key.secret);
  expect(output).not.toContain(key.secret.slice("latchkey_".length, -6));
});

test("a level omits less severe lines", async () => {
  const server = await serve("warn");
  await server.newApp();
  await server.end();
  expect(server.stderr).toBe("");
});
