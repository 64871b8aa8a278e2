import { setTimeout as delay } from "node:timers/promises";
import { sceneOn, sharedEnvironment, startTwoWorkers, workerOf } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { eventually, execute, finished, runOf } from "../../support/runs";
import { KeyHolder } from "../../support/test-app";

const processes = useProcesses();
const model = useModelServer();
const revoked = { status: "CANCELLED", error: { code: "ACCESS_REVOKED" } };

const revocations = [
  ["a revoked key", `mutation ($key: ID!) { revokeApiKey(input: { id: $key }) { apiKey { id } } }`],
  [
    "a narrowed scope",
    `mutation ($scope: ID!) { updateScope(input: { id: $scope, permissions: {} }) { scope { id } } }`,
  ],
] as const;
const variablesOf = (mutation: string, { keyId, scopeId }: KeyHolder) =>
  mutation.includes("$key") ? { key: keyId } : { scope: scopeId };

test.each(revocations)(
  "the runs of %s are cancelled with the answer, and their model calls on another instance within two seconds",
  async (_name, mutation) => {
    const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
    const agentId = await agent("talk");
    const text = `Go on, until it is ${_name}.`;
    const { run, session } = await execute(key, { agentId, text, waitMs: 0 });
    const queued = (await execute(key, { agentId, session: { id: session.id }, waitMs: 0 })).run;
    await workerOf(run.id, server, workers);

    await server.admin.data(mutation, variablesOf(mutation, key));
    const answeredAt = performance.now();
    for (const { id } of [run, queued]) expect(await runOf(server.admin, id)).toMatchObject(revoked);
    expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
    expect(performance.now() - answeredAt).toBeLessThan(2_000);
  },
);

test("the runs of a key that nobody announced as revoked end within two seconds, without Redis", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current, {
    REDIS_URL: "redis://127.0.0.1:1",
  });
  const agentId = await agent("talk");
  const { run, session } = await execute(key, { agentId, text: "Go on alone.", waitMs: 0 });
  const queued = (await execute(key, { agentId, session: { id: session.id }, waitMs: 0 })).run;
  await workerOf(run.id, server, workers);

  await server.sql(`UPDATE api_key SET revokedAt = '2026-01-01 00:00:00.000' WHERE id = '${key.keyId}'`);
  const revokedAt = performance.now();
  for (const { id } of [run, queued]) expect(await finished(server.admin, id, 2_000)).toMatchObject(revoked);
  expect(await model.current.callsWith("Go on alone.")[0]?.closed).toBe(true);
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
});

test.each(revocations)(
  "a mutation with %s that waits on another instance ends within two seconds",
  async (_, mutation) => {
    const shared = sharedEnvironment(await processes.fresh(), model.current);
    const [local, remote] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
    const { app, key, agent } = await sceneOn(local, model.current);
    const [agentId, other] = [await agent("talk"), await app.agent({ name: "other" })];
    const remoteKey = new KeyHolder(remote.url, key.secret, key.keyId, key.scopeId);
    const text = `Go on for ${_}.`;
    const answer = remoteKey.send(
      `mutation ($agent: ID!, $other: ID!, $text: String!) {
      executeAgent(input: { agentId: $agent, text: $text, waitMs: 60000 }) { run { output } }
      updateAgent(input: { id: $other, name: "renamed" }) { agent { name } }
    }`,
      { agent: agentId, other, text },
    );
    void answer.catch(() => undefined);
    await eventually(() => model.current.callsWith(text).length > 0);
    await delay(300);

    await local.admin.data(mutation, variablesOf(mutation, key));
    const revokedAt = performance.now();
    const { body } = await answer;
    expect(performance.now() - revokedAt).toBeLessThan(2_000);
    expect(body).toMatchObject({
      errors: [{ extensions: { code: expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/) } }],
    });
    expect(body).not.toHaveProperty("data");
    const { name } = (await local.admin.data(`query ($id: ID!) { agent(id: $id) { name } }`, { id: other })).agent;
    expect(name).toBe("other");
  },
);
