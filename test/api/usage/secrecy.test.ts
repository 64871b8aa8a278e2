import { createTestLog } from "../../support/log";
import { allowHosts } from "../../support/allowed-hosts";
import { replaceSecret } from "../../support/callbacks";
import type { Client } from "../../support/client";
import { eventually } from "../../support/runs";
import { adminKey, useServer } from "../../support/server";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { storedText } from "../../support/stored-text";

const { log, lines } = createTestLog();
const server = useServer(allowHosts("127.0.0.1"), {}, log);

const modelKey = "sk-canary-of-the-models-key-0123456789";
const header = "canary-of-the-header-of-a-tool-server";
const callbackUrl = "http://127.0.0.1:9/canary-of-a-callback-url";
const madeUp = `latchkey_${"c".repeat(49)}`;

/** Sends a secret wherever a client can put a text by mistake. @returns what it got */
async function leakThroughEveryDoor(client: Client, secret: string): Promise<string> {
  const name = secret.replaceAll(/\W/g, "_");
  const origin = new URL(client.url).origin;
  const answers: unknown[] = [];
  const send = async (query: string, variables?: object, more?: object) => {
    const { body } = await client.send(query, variables, more);
    answers.push(body);
  };
  await send(`query ${name} { viewer { kind } }`);
  await send(`{ ${name} }`);
  await send(`{ "${secret}`);
  await send(`query A { viewer { kind } }`, { [name]: secret }, { operationName: name });
  await send(`{ agent(id: "${secret}") { id } }`);
  await send(`query ($id: ID!) { session(id: $id) { id } }`, { id: secret });
  await send(`mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`, {
    input: { name: "n", unknown: secret, model: secret },
  });
  answers.push((await client.post().set("content-type", "application/json").send(`{ "${secret}`)).body);
  answers.push((await client.get(`?query={${name}}&apiKey=${encodeURIComponent(secret)}`)).body);
  answers.push((await client.get(`/${encodeURIComponent(secret)}`)).body);
  answers.push((await client.upload(secret, "content", "a.txt")).body);
  answers.push((await overSse(client, `query ${name} { viewer { kind } }`)).text);
  answers.push(await overWebSocket(client, `query ${name} { viewer { kind } }`));
  answers.push(await (await fetch(`${origin}/documents/${encodeURIComponent(secret)}?signature=${name}`)).text());
  for (const credential of [secret, `${secret}x`, `"${secret}"`]) {
    answers.push(await (await fetch(client.url, { headers: { "x-api-key": credential } })).text());
    answers.push(await (await fetch(client.url, { headers: { authorization: `Basic ${credential}` } })).text());
  }
  return JSON.stringify(answers);
}

test("no secret is in the log, an error, the database, a file or the metrics, whatever door it comes through", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const [key, revoked] = [await app.key(), await app.key()];
  await app.modelConnection("http://127.0.0.1:9/v1", { apiKey: modelKey });
  await app.toolServer("http://127.0.0.1:9/mcp", { headers: [{ name: "authorization", value: header }] });
  const callbackSecret = await replaceSecret(admin, app.id);
  const agentId = await app.agent();
  const session = await app.session();
  const documentId = await app.document(session);
  const { executeAgent } = await key.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId, text: "What is red?", callbackUrl, session: { id: session } } },
  );
  expect(executeAgent.run.id).toBeTruthy();
  const { documentContent } = await admin.data(`query ($id: ID!) { documentContent(id: $id) { url } }`, {
    id: documentId,
  });
  const link = new URL(documentContent.url as string, server.current.url);
  const signature = String([...link.searchParams.values()].sort((one, other) => other.length - one.length)[0]);
  expect(signature.length).toBeGreaterThan(20);
  expect((await fetch(link)).status).toBe(200);
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: revoked.keyId });

  const secrets = [
    adminKey,
    key.secret,
    revoked.secret,
    madeUp,
    modelKey,
    header,
    callbackSecret,
    callbackUrl,
    signature,
  ];
  const answers: string[] = [];
  for (const secret of secrets) answers.push(await leakThroughEveryDoor(key, secret));
  await eventually(() => lines.some((line) => line.includes('"transport":"websocket"')));

  const { usage } = await admin.data(
    `query ($id: ID!) { usage(appId: $id, groupBy: [KEY, OPERATION]) { rows { operation { name hash } requests } } }`,
    { id: app.id },
  );
  expect(usage.rows.length).toBeGreaterThan(3);
  const metrics = await fetch(new URL("/metrics", server.current.url), {
    headers: { authorization: `Bearer ${adminKey}` },
  });
  const places = {
    log: lines.join(""),
    stored: await storedText(server.current),
    metrics: await metrics.text(),
    usage: JSON.stringify(usage),
    // GraphQL tells the client the name of a field or an operation that there is none of.
    errors: answers.join("").replaceAll(/(Cannot query field|Unknown operation named|found Name) \\+"\w+\\+"/g, ""),
  };
  const found = Object.entries(places).flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${place}: ${secret.slice(0, 30)}`),
  );
  expect(found).toEqual([]);
});
