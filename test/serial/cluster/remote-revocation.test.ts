import { setTimeout as delay } from "node:timers/promises";
import type { GraphQLAnswer } from "../../support/client";
import { sceneOn, sharedEnvironment } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { FaultProxy } from "../../support/proxy";
import { execute } from "../../support/runs";
import { SlowDownload } from "../../support/slow-download";
import { SlowRequest } from "../../support/slow-request";
import { type Closing, transports } from "../../support/streams";
import { KeyHolder } from "../../support/test-app";

const processes = useProcesses();
const model = useModelServer();
const runEvents = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;
const refused: unknown = expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/);
/** Of errors, and of WebSockets that are closed. */
const refusals = ["UNAUTHENTICATED", 4403];
const unavailable = ["UNAVAILABLE", 1013];

const revocations = [
  ["a revoked key", `mutation ($key: ID!) { revokeApiKey(input: { id: $key }) { apiKey { id } } }`],
  [
    "a narrowed scope",
    `mutation ($scope: ID!) { updateScope(input: { id: $scope, permissions: {} }) { scope { id } } }`,
  ],
] as const;
const variablesOf = (mutation: string, { keyId, scopeId }: KeyHolder) =>
  mutation.includes("$key") ? { key: keyId } : { scope: scopeId };

/** Starts two instances: rights are revoked on `local`, and the key is used on the other one. */
async function startRemoteKey() {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [local, remote] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const app = await local.newApp();
  const key = await app.key();
  return { local, app, key, remoteKey: new KeyHolder(remote.url, key.secret, key.keyId, key.scopeId) };
}

test.each(revocations)("the streams of %s end within two seconds on the other instances", async (_name, mutation) => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [local, remote] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const { key, agent, app } = await sceneOn(local, model.current);
  // By the administrator, so that the run goes on when the key is revoked.
  const { run } = await execute(local.admin, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });

  const remoteKey = new KeyHolder(remote.url, key.secret, key.keyId, key.scopeId);
  const otherKey = new KeyHolder(remote.url, (await app.key()).secret, "", "");
  const readers = Object.values(transports).map((open) => open(remoteKey, runEvents, { runId: run.id }));
  const unaffected = [otherKey, remote.admin].map((each) => transports.WebSocket(each, runEvents, { runId: run.id }));
  for (const reader of [...readers, ...unaffected]) await reader.until(3);

  await local.admin.data(mutation, variablesOf(mutation, key));
  const revokedAt = performance.now();
  const [webSocket] = await Promise.all(readers.map(({ end }) => end));
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
  expect((webSocket as Closing).code).toBe(4403);
  expect(readers[1]?.results.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHENTICATED" });
  for (const reader of unaffected) {
    await reader.until(reader.results.length + 20);
    await reader.leave();
  }
});

test("a stream delivers nothing that was produced after its key was revoked on another instance", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [local, remote] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const { app, key, agent } = await sceneOn(local, model.current);
  const { run } = await execute(key, { agentId: await agent("clock"), text: "What time is it?", waitMs: 0 });

  // Each iteration revokes at a different moment between two periodic reauthorizations.
  for (let i = 0; i < 5; i++) {
    const revoked = await app.key();
    const remoteKey = new KeyHolder(remote.url, revoked.secret, revoked.keyId, revoked.scopeId);
    const readers = Object.values(transports).map((open) => open(remoteKey, runEvents, { runId: run.id }));
    for (const reader of readers) await reader.until(3);
    await local.admin.data(revocations[0][1], { key: revoked.keyId });
    const revokedAt = performance.now();
    await Promise.all(readers.map(({ end }) => end));
    const times = readers.flatMap(({ results }) => results.map(({ data }) => Number.parseFloat(data?.runEvents.text)));
    expect(times.filter((time) => time > revokedAt)).toEqual([]);
  }
});

test.each(revocations)(
  "an upload in progress with %s is refused within two seconds on another instance",
  async (_name, mutation) => {
    const { local, app, key, remoteKey } = await startRemoteKey();
    const upload = await SlowRequest.upload(remoteKey, await app.session(), "The barn is red.\n".repeat(1_000));

    const answer = upload.answer();
    await local.admin.data(mutation, variablesOf(mutation, key));
    const revokedAt = performance.now();
    const { body } = await answer;
    expect(performance.now() - revokedAt).toBeLessThan(2_000);
    expect(body).toMatchObject({ errors: [{ extensions: { code: refused } }] });
  },
);

test.each(revocations)(
  "a download in progress with %s is aborted within two seconds on another instance",
  async (_name, mutation) => {
    const { local, app, key, remoteKey } = await startRemoteKey();
    const [download, unaffected] = [
      await SlowDownload.begin(app, remoteKey),
      await SlowDownload.begin(app, await app.key()),
    ];

    await local.admin.data(mutation, variablesOf(mutation, key));
    await delay(2_000);
    expect(await download.rest()).toBe(false);
    expect(await unaffected.rest()).toBe(true);
  },
);

/** How an execution ends over each way to send it: its code, or that of the connection. */
const executions: Readonly<Record<string, (key: KeyHolder, mutation: string) => Promise<unknown>>> = {
  HTTP: async (key, mutation) => ((await key.send(mutation)).body as GraphQLAnswer).errors?.[0]?.extensions.code,
  async "server-sent events"(key, mutation) {
    const [result] = await transports["server-sent events"](key, mutation).all();
    return result?.errors?.[0]?.extensions.code;
  },
  WebSocket: async (key, mutation) => ((await transports.WebSocket(key, mutation).end) as Closing).code,
};

test.each(Object.entries(executions))(
  "an execution over %s that waits for its run ends within two seconds although its instance's database is slow",
  async (_name, execution) => {
    const shared = sharedEnvironment(await processes.fresh(), model.current);
    const database = new URL(shared["DATABASE_URL"] ?? "");
    const proxy = await FaultProxy.start({ host: database.hostname, port: Number(database.port || 3306) });
    try {
      database.host = `127.0.0.1:${proxy.port}`;
      const [local, remote] = await Promise.all([
        processes.serve(shared),
        processes.serve({ ...shared, DATABASE_URL: database.href }),
      ]);
      const { key, agent } = await sceneOn(local, model.current);
      const remoteKey = new KeyHolder(remote.url, key.secret, key.keyId, key.scopeId);
      const input = `{ agentId: "${await agent("talk")}", text: "Go on.", waitMs: 60000 }`;

      const ending = execution(remoteKey, `mutation { executeAgent(input: ${input}) { run { id } } }`);
      await delay(500);
      await proxy.delay(250);
      await local.admin.data(revocations[0][1], { key: key.keyId });
      const revokedAt = performance.now();
      expect([...refusals, ...unavailable]).toContain(await ending);
      expect(performance.now() - revokedAt).toBeLessThan(2_000);
    } finally {
      await proxy.stop();
    }
  },
);
