import { randomUUID } from "node:crypto";
import pino from "pino";
import { allowHosts } from "../../support/allowed-hosts";
import { newSender, redeliverCallback, replaceSecret } from "../../support/callbacks";
import type { Client } from "../../support/client";
import { storedText } from "../../support/stored-text";
import { type Received, useReceiver, verified } from "../../support/receiver";
import { eventually, execute, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const logged: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model }, log);
afterEach(() => finishRuns(server.current, model));

describe("a callback secret", () => {
  const when = `query ($id: ID!) { app(id: $id) { callbackSecretCreatedAt } }`;

  test("signs together with its successor for 24 hours, and at most two secrets sign", async () => {
    const { admin } = server.current;
    const { appId, key, agentId, secret: first, path } = await newSender(server.current);
    const { app: before } = await admin.data(when, { id: appId });
    const second = await replaceSecret(admin, appId);
    const post = async () => {
      const count = receiver.current.at(path).length;
      await execute(key, { agentId, callbackUrl: receiver.current.url(path) });
      return (await receiver.current.wait(path, count + 1)).at(-1) as Received;
    };
    const both = await post();
    for (const secret of [first, second]) expect(verified(both, secret)).toBeTruthy();

    const third = await replaceSecret(admin, appId);
    const newer = await post();
    for (const secret of [second, third]) expect(verified(newer, secret)).toBeTruthy();
    expect(() => verified(newer, first)).toThrow("No matching signature");

    await server.current.sql(
      `UPDATE callback_secret SET replacedAt = '2020-01-01 00:00:00.000' WHERE appId = '${appId}' AND replacedAt IS NOT NULL`,
    );
    const newest = await post();
    expect(verified(newest, third)).toBeTruthy();
    expect(() => verified(newest, second)).toThrow("No matching signature");
    const { app: after } = await admin.data(when, { id: appId });
    expect(Date.parse(after.callbackSecretCreatedAt)).toBeGreaterThan(Date.parse(before.callbackSecretCreatedAt));
  });

  test("belongs to one app, which has none at first", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    expect(await admin.data(when, { id: app.id })).toEqual({ app: { callbackSecretCreatedAt: null } });
    const replace = `mutation ($appId: ID!) { replaceCallbackSecret(input: { appId: $appId }) { secret } }`;
    expect(await admin.code(replace, { appId: randomUUID() })).toBe("NOT_FOUND");
  });
});

test("a secret appears in the response that creates it and nowhere else; URLs and responses of receivers appear in no response and no log", async () => {
  const { admin } = server.current;
  const { appId, key, agentId, secret, path } = await newSender(server.current);
  const replaced = await replaceSecret(admin, appId);
  const answers: unknown[] = [];
  const ask = async (client: Client, query: string, variables: object) =>
    answers.push((await client.send(query, variables)).body);

  const behaviours = [200, 500, 410, "redirect", "endless"] as const;
  const urls = [
    ...behaviours.map((each) => receiver.current.url(`${path}/${each}?token=opensesame`, each)),
    "http://127.0.0.1:9/opensesame",
    "http://127.0.0.2/opensesame",
    "http://opensesame:opensesame@127.0.0.1/",
  ];
  const fields = `id status nextAttemptAt attempts { at httpStatus error durationMs }`;
  const execution = `mutation ($input: ExecuteAgentInput!) {
    executeAgent(input: $input) { session { id } run { id input output error { code message } } }
  }`;
  for (const callbackUrl of urls) await ask(key, execution, { input: { agentId, text: "one", callbackUrl } });
  const list = `query ($appId: ID!) { callbackDeliveries(appId: $appId) { nodes { ${fields} } } app(id: $appId) { callbackSecretCreatedAt } }`;
  const deliveries = async () => (await admin.data(list, { appId })).callbackDeliveries.nodes as any[];
  await eventually(async () => (await deliveries()).every(({ attempts }) => attempts.length > 0));
  for (const { id } of await deliveries()) await ask(key, redeliverCallback, { id });
  await eventually(async () => (await deliveries()).every(({ attempts }) => attempts.length > 1));
  await ask(admin, list, { appId });

  expect(await deliveries()).toHaveLength(urls.length - 2);
  expect(answers).toHaveLength(urls.length + (urls.length - 2) + 1);
  const responses = JSON.stringify(answers);
  for (const expected of ["DELIVERED", "FAILED", "REJECTED", "UNREACHABLE", "BAD_USER_INPUT"]) {
    expect(responses).toContain(expected);
  }
  expect(logged.join("")).toContain("gave up on the callback");
  const stored = await storedText(server.current);
  expect(stored).toContain(appId);
  for (const each of [secret, replaced]) {
    const withoutPrefix = each.replace("whsec_", "");
    for (const text of [responses, logged.join(""), stored]) {
      for (const form of [each, withoutPrefix, Buffer.from(withoutPrefix, "base64").toString("latin1")])
        expect(text).not.toContain(form);
    }
  }
  for (const text of [responses, logged.join("")]) expect(text).not.toMatch(/opensesame|swordfish/);
  expect(stored).not.toContain("swordfish");
});
