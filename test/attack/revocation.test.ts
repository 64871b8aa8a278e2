import { setTimeout as delay } from "node:timers/promises";
import type { Response } from "supertest";
import { allowHosts } from "../support/allowed-hosts";
import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import { replaceSecret } from "../support/callbacks";
import type { GraphQLAnswer } from "../support/client";
import { useModelServer } from "../support/model-server";
import { useReceiver } from "../support/receiver";
import { deleteApp, revocations, revoke } from "../support/revocations";
import { eventually, execute, runOf } from "../support/runs";
import { SlowRequest } from "../support/slow-request";
import { transports } from "../support/streams";
import type { KeyHolder, TestApp } from "../support/test-app";

const server = useAttackedServer(allowHosts("127.0.0.1"));
const model = useModelServer();
const receiver = useReceiver();

interface Scene {
  readonly app: TestApp;
  readonly key: KeyHolder;
  /** Executes until it is cancelled. */
  readonly talker: string;
  readonly agent: string;
}

async function newScene(): Promise<Scene> {
  const app = await server.current.newApp();
  await app.modelConnection(model.current.baseUrl);
  const [talker, agent] = [await app.agent({ model: "model/talk" }), await app.agent({ name: "victim" })];
  return { app, key: await app.key(), talker, agent };
}

const admin = () => server.current.admin;

const versionOf = async (id: string): Promise<number | undefined> =>
  (await admin().data(`query ($id: ID!) { agent(id: $id) { version } }`, { id })).agent?.version as number | undefined;

/** Waits for a run that never ends, and would change an agent as often as an operation can. */
const waitAndChange = `mutation ($talker: ID!, $agent: ID!, $text: String!) {
  executeAgent(input: { agentId: $talker, text: $text, waitMs: 120000 }) { run { output } }
  ${Array.from({ length: 15 }, (_, i) => `u${i}: updateAgent(input: { id: $agent, description: "${i}" }) { agent { id } }`).join(" ")}
}`;
const change = `mutation ($agent: ID!) { updateAgent(input: { id: $agent, description: "changed" }) { agent { version } } }`;

let texts = 0;
const newText = () => `Go on, number ${texts++}.`;

const isRefusal = ({ body }: Response): boolean =>
  ((body as GraphQLAnswer).errors ?? []).every(({ extensions: { code } }) =>
    ["UNAUTHENTICATED", "FORBIDDEN"].includes(code),
  );

/** Sends changes of an agent without a pause, until it is stopped. @returns the answers */
function hammer(keys: readonly KeyHolder[], agent: string): () => Promise<Response[]> {
  const answers: Response[] = [];
  let isStopped = false;
  const loops = keys.map(async (key) => {
    while (!isStopped) answers.push(await key.send(change, { agent }));
  });
  return async () => {
    isStopped = true;
    await Promise.all(loops);
    return answers;
  };
}

describe.each(revocations("SESSION_VIEW"))("a key that has a mutation waiting when %s", (_name, takeAccess) => {
  test("changes nothing with the fields that follow, and is told nothing", async () => {
    const scene = await newScene();
    const { app, key, talker, agent } = scene;
    const text = newText();
    const answer = key.send(waitAndChange, { talker, agent, text });
    void answer.catch(() => undefined);
    await eventually(() => model.current.callsWith(text).length > 0);
    await takeAccess(admin(), key, app);
    const response = await answer;
    expect(isRefusal(response)).toBe(true);
    expect(response.body).not.toHaveProperty("data");
    assertDisclosesNothing(response);
    expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
    await delay(100);
    expect([1, undefined]).toContain(await versionOf(agent));
  });
});

test.each(Object.keys(transports) as (keyof typeof transports)[])(
  "twenty mutations that wait by %s end together within two seconds after the revocation",
  async (transport) => {
    const { key, talker, agent } = await newScene();
    const text = newText();
    const readers = Array.from({ length: 20 }, () =>
      transports[transport](key, waitAndChange, { talker, agent, text }),
    );
    await eventually(() => model.current.callsWith(text).length >= 8);
    const { longestHoldMs } = await server.current.observe(async () => {
      await admin().data(revoke, { id: key.keyId });
      const answeredAt = performance.now();
      await Promise.all(readers.map(({ end }) => end));
      expect(performance.now() - answeredAt).toBeLessThan(2_000);
    });
    expect(longestHoldMs).toBeLessThan(maxHoldMs);
    expect(readers.flatMap(({ results }) => results).filter(({ data }) => data != null)).toEqual([]);
    expect(await versionOf(agent)).toBe(1);
  },
);

test("a mutation whose body arrives slowly, from before the revocation until after it, changes nothing", async () => {
  const { key, agent } = await newScene();
  const slow = await SlowRequest.operation(key, change, { agent });
  await admin().data(revoke, { id: key.keyId });
  const { status, body } = await slow.finish();
  expect(status).toBe(401);
  expect(body).toMatchObject({ errors: [{ extensions: { reason: "KEY_REVOKED" } }] });
  expect(await versionOf(agent)).toBe(1);
});

test("a key cannot hold off its own revocation with a stream of mutations, and none commits after the answer", async () => {
  const { key, agent } = await newScene();
  const stop = hammer([key, key, key, key, key, key], agent);
  await eventually(async () => ((await versionOf(agent)) ?? 0) > 20);
  const sentAt = performance.now();
  await admin().data(revoke, { id: key.keyId });
  expect(performance.now() - sentAt).toBeLessThan(2_000);
  const version = await versionOf(agent);
  await delay(300);
  const answers = await stop();
  expect(await versionOf(agent)).toBe(version);
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(answers.filter(({ body }) => (body as GraphQLAnswer).data).length).toBe((version ?? 0) - 1);
  for (const answer of answers.slice(-20)) assertDisclosesNothing(answer);
});

test("mutations of many keys keep neither a narrowing of their scope waiting nor its deletion", async () => {
  const { app, agent } = await newScene();
  const scopeId = await app.scope({ agents: "FULL" });
  const keys = await Promise.all(Array.from({ length: 4 }, () => app.key(scopeId)));
  const stop = hammer(keys, agent);
  const update = `mutation ($id: ID!, $agents: AgentAccess!) {
    updateScope(input: { id: $id, permissions: { agents: $agents } }) { scope { id } }
  }`;
  for (let i = 0; i < 10; i++) {
    await admin().data(update, { id: scopeId, agents: "VIEW" });
    const version = await versionOf(agent);
    await delay(30);
    expect(await versionOf(agent)).toBe(version);
    await admin().data(update, { id: scopeId, agents: "EDIT" });
    await eventually(async () => (await versionOf(agent)) !== version);
  }
  await admin().data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
    id: scopeId,
  });
  const version = await versionOf(agent);
  await delay(100);
  const answers = await stop();
  expect(await versionOf(agent)).toBe(version);
  expect(answers.filter((answer) => !(answer.body as GraphQLAnswer).data && !isRefusal(answer))).toEqual([]);
});

test("mutations of an app that is deleted end as if it had never been, and do not hold the deletion up", async () => {
  const { app, key, agent } = await newScene();
  const stop = hammer([key, key, key, key], agent);
  await eventually(async () => ((await versionOf(agent)) ?? 0) > 5);
  await admin().data(deleteApp, { id: app.id });
  await delay(50);
  const answers = await stop();
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  for (const answer of answers.slice(-20)) assertDisclosesNothing(answer);
});

test("a key that has filled the queue with runs leaves none behind: no further model call is made for it", async () => {
  const { key, talker } = await newScene();
  const text = newText();
  const first = await execute(key, { agentId: talker, text, waitMs: 0 });
  await eventually(() => model.current.callsWith(text).length === 1);
  const queued: string[] = [];
  for (let i = 0; i < 20; i++) {
    const input = { agentId: talker, text, session: { id: first.session.id }, waitMs: 0 };
    queued.push((await execute(key, input)).run.id as string);
  }
  await admin().data(revoke, { id: key.keyId });
  for (const id of [first.run.id as string, ...queued]) {
    expect(await runOf(admin(), id)).toMatchObject({ status: "CANCELLED", error: { code: "ACCESS_REVOKED" } });
  }
  await delay(200);
  expect(model.current.callsWith(text)).toHaveLength(1);
});

test("a receiver that keeps its callback open learns nothing more after the revocation", async () => {
  const { app, key } = await newScene();
  await replaceSecret(admin(), app.id);
  const path = `/${app.id}`;
  await execute(key, { agentId: await app.agent(), callbackUrl: receiver.current.url(path, "mute", 200) });
  await receiver.current.wait(path);
  await admin().data(revoke, { id: key.keyId });
  await delay(1_500);
  expect(receiver.current.at(path)).toHaveLength(1);
});

test("another key of the scope can't take over the run of a revoked key by its idempotency key", async () => {
  const { app, key, talker } = await newScene();
  const other = await app.key(key.scopeId);
  const input = { agentId: talker, text: newText(), waitMs: 0, idempotencyKey: "shared" };
  const { run } = await execute(key, input);
  await admin().data(revoke, { id: key.keyId });
  const own = await execute(other, input);
  expect(own.replayed).toBe(false);
  expect(own.run.id).not.toBe(run.id);
  await admin().data(revoke, { id: other.keyId });
});

test("a key cannot choose what becomes of its runs: revoking is for administrators", async () => {
  const { key } = await newScene();
  const finish = `mutation ($id: ID!) { revokeApiKey(input: { id: $id, runs: FINISH }) { apiKey { id } } }`;
  const response = await key.send(finish, { id: key.keyId });
  expect(response.status).toBe(403);
  expect(await key.code(`{ viewer { kind } }`)).toBeUndefined();
});
