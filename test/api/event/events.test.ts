import { allowHosts } from "../../support/allowed-hosts";
import { insertPendingEvents } from "../../support/bulk-rows";
import { Client } from "../../support/client";
import { eventDeliveries, eventsAt, newListener, waitForEvents } from "../../support/events";
import { useReceiver } from "../../support/receiver";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";
import { testTimings } from "../../support/timings";

const callbacks = { ...testTimings.callbacks, pollIntervalMs: 100, retryDelaysMs: [200] };
const timings = { ...testTimings, callbacks, audit: { intervalMs: 400 }, events: { limitIntervalMs: 200 } };
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") }, {}, undefined, timings);
const admin = () => server.current.admin;
const listen = (input: object = {}, ...behaviours: (number | "mute")[]) =>
  newListener(server.current, receiver.current, input, ...behaviours);

const holderOf = (secret: string) => new Client(server.current.url, ["x-api-key", secret]);

const administrator = { kind: "ADMINISTRATOR", id: null, name: "administrator" };
const setUrl = `mutation ($id: ID!, $eventUrl: String) {
  updateApp(input: { id: $id, eventUrl: $eventUrl }) { callbackSecret app { id eventHost } }
}`;

test("each change of a scope and of a key is posted, signed, with its subject and its actor and without a secret", async () => {
  const listener = await listen();
  const { app } = listener;
  const scopeId = await app.scope({ agents: "VIEW" });
  const key = await app.key(scopeId);
  const secrets = [key.secret];
  await admin().data(
    `mutation ($scopeId: ID!, $keyId: ID!) {
      updateScope(input: { id: $scopeId, name: "new name" }) { scope { id } }
      updateApiKey(input: { id: $keyId, name: "other name" }) { apiKey { id } }
    }`,
    { scopeId, keyId: key.keyId },
  );
  const { rotateApiKey } = await admin().data(
    `mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 60, endOldOnFirstUse: true }) { secret apiKey { id hint } } }`,
    { id: key.keyId },
  );
  secrets.push(rotateApiKey.secret);
  await holderOf(rotateApiKey.secret).data("{ viewer { name } }");
  await admin().data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: rotateApiKey.apiKey.id,
  });
  await admin().data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
    id: scopeId,
  });

  await waitForEvents(receiver.current, listener, "scope.deleted");
  const events = eventsAt(receiver.current, listener);
  expect(events.map(({ type, data }) => [type, data.subject.type, data.subject.id])).toEqual([
    ["scope.created", "SCOPE", scopeId],
    ["api_key.created", "API_KEY", key.keyId],
    ["scope.updated", "SCOPE", scopeId],
    ["api_key.updated", "API_KEY", key.keyId],
    ["api_key.rotated", "API_KEY", key.keyId],
    ["api_key.created", "API_KEY", rotateApiKey.apiKey.id],
    ["api_key.revoked", "API_KEY", key.keyId],
    ["api_key.revoked", "API_KEY", rotateApiKey.apiKey.id],
    ["scope.deleted", "SCOPE", scopeId],
  ]);
  expect(events[7]).toEqual({
    id: expect.any(String),
    type: "api_key.revoked",
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: {
      app: { id: app.id, name: expect.any(String) },
      subject: {
        ...{ type: "API_KEY", id: rotateApiKey.apiKey.id, name: "other name", hint: rotateApiKey.apiKey.hint },
      },
      actor: administrator,
      occurrences: 1,
    },
  });
  // The first use of the successor has ended its predecessor.
  expect(events[6].data.actor).toEqual({ kind: "API_KEY", id: rotateApiKey.apiKey.id, name: "other name" });
  const posted = receiver.current
    .at(listener.path)
    .map(({ body }) => body)
    .join();
  for (const secret of secrets) expect(posted).not.toContain(secret);
});

test("uses of a revoked key and of a tripwire are posted once a minute for each key, with their number", async () => {
  const listener = await listen();
  const { app } = listener;
  const revoked = await app.key();
  const { createApiKey } = await admin().data(
    `mutation ($scopeId: ID!) { createApiKey(input: { scopeId: $scopeId, name: "trap", tripwire: true }) { secret apiKey { id hint } } }`,
    { scopeId: await app.scope({ agents: "VIEW" }) },
  );
  await admin().data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: revoked.keyId,
  });
  const trap = holderOf(createApiKey.secret);
  await Promise.all(Array.from({ length: 20 }, () => revoked.send("{ viewer { name } }")));
  await Promise.all(Array.from({ length: 20 }, () => trap.send("{ viewer { name } }")));

  for (const [type, id] of [
    ["api_key.used_after_revocation", revoked.keyId],
    ["api_key.tripwire_used", createApiKey.apiKey.id],
  ]) {
    const counted = () =>
      eventsAt(receiver.current, listener)
        .filter((event) => event.type === type)
        .map(({ data }) => data.occurrences as number);
    await eventually(() => counted().reduce((sum, each) => sum + each, 0) === 20);
    expect(counted().length).toBeLessThanOrEqual(4);
    const [event] = await waitForEvents(receiver.current, listener, type as string);
    expect(event.data).toMatchObject({ subject: { id, hint: expect.any(String) }, actor: { kind: "API_KEY", id } });
  }
});

test("a limit of which 80 % are used is posted once, and again only after less was used", async () => {
  const listener = await listen({ limits: { sessions: 5 } });
  const { app } = listener;
  const type = "app.limit_almost_reached";
  const told = () => eventsAt(receiver.current, listener).filter((event) => event.type === type);
  const rounds = () => new Promise((resolve) => setTimeout(resolve, 1_000));
  const terminate = (id: string) =>
    admin().data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, { id });

  for (let i = 0; i < 3; i++) await app.session();
  await rounds();
  expect(told()).toEqual([]);
  const fourth = await app.session();
  const [event] = await waitForEvents(receiver.current, listener, type);
  expect(event.data).toMatchObject({
    subject: { type: "APP", id: app.id, hint: null },
    actor: { kind: "SERVER" },
    limit: { name: "sessions", max: 5, used: 4 },
  });
  const fifth = await app.session();
  await rounds();
  expect(told()).toHaveLength(1);

  for (const id of [fourth, fifth]) await terminate(id);
  await rounds();
  await app.session();
  await waitForEvents(receiver.current, listener, type, 2);
  expect(told()).toHaveLength(2);
  // A limit that is lowered is compared too.
  await admin().data(`mutation ($id: ID!) { updateApp(input: { id: $id, limits: { scopes: 1 } }) { app { id } } }`, {
    id: app.id,
  });
  await app.scope({ agents: "VIEW" });
  expect((await waitForEvents(receiver.current, listener, type, 3))[2].data.limit).toEqual({
    ...{ name: "scopes", max: 1, used: 1 },
  });
});

test("an event is posted again after a failure with the same id, and its attempts can be seen", async () => {
  const listener = await listen({}, 500, 200);
  await listener.app.scope({ agents: "VIEW" });
  const attempts = await receiver.current.wait(listener.path, 2);
  expect(new Set(attempts.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  const delivered = async () => (await eventDeliveries(admin(), listener.app.id))[0];
  await eventually(async () => (await delivered()).status === "DELIVERED");
  const delivery = await delivered();
  expect(delivery).toMatchObject({
    type: "scope.created",
    nextAttemptAt: null,
    attempts: [
      { httpStatus: 500, error: "REJECTED" },
      { httpStatus: 200, error: null },
    ],
  });
  expect(delivery.body).toBe(attempts[0].body);
});

test("without its URL an app has no events, and those that were pending are cancelled", async () => {
  const listener = await listen({}, 500);
  const { app } = listener;
  await app.scope({ agents: "VIEW" });
  await receiver.current.wait(listener.path);
  const removed = await admin().data(setUrl, { id: app.id, eventUrl: null });
  expect(removed.updateApp).toEqual({ callbackSecret: null, app: { id: app.id, eventHost: null } });
  await app.scope({ agents: "EDIT" });
  await eventually(async () => (await eventDeliveries(admin(), app.id)).every(({ status }) => status === "CANCELLED"));
  expect(await eventDeliveries(admin(), app.id)).toHaveLength(1);

  // The secret stays the same.
  const path = `${listener.path}/again`;
  const set = await admin().data(setUrl, { id: app.id, eventUrl: receiver.current.url(path) });
  expect(set.updateApp).toEqual({
    callbackSecret: null,
    app: { id: app.id, eventHost: `127.0.0.1:${receiver.current.port}` },
  });
  await app.scope({ agents: "FULL" });
  const [event] = await waitForEvents(receiver.current, { ...listener, path }, "scope.created");
  expect(event.data.app.id).toBe(app.id);
});

test("an eventUrl is checked as the URL of a callback is, sealed, and not told again", async () => {
  const { app } = await listen();
  const refused = [
    "ftp://example.com",
    "nonsense",
    "http://127.0.0.2/",
    "http://10.0.0.1/",
    "https://example.com/#x",
    "",
  ];
  for (const eventUrl of refused) {
    const [error] = await admin().errors(setUrl, { id: app.id, eventUrl });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.eventUrl" }] });
  }
  const withToken = receiver.current.url(`/swordfish-token`);
  await admin().data(setUrl, { id: app.id, eventUrl: withToken });
  const [row] = await server.current.sql(`SELECT eventUrl FROM app WHERE id = '${app.id}'`);
  expect(String(row?.["eventUrl"])).not.toContain("swordfish-token");
  const { auditLog } = await admin().data(
    `query ($id: ID) { auditLog(appId: $id, filter: { action: UPDATE_APP }) { nodes { before after } } }`,
    { id: app.id },
  );
  expect(JSON.stringify(auditLog)).not.toContain("swordfish-token");
  expect(JSON.stringify(auditLog)).toContain("eventUrl");
});

test("an app keeps at most 10,000 events that are not delivered yet", async () => {
  const listener = await listen({ limits: { scopes: null } }, 500);
  const { app } = listener;
  await app.scope({ agents: "VIEW" });
  await receiver.current.wait(listener.path);
  await insertPendingEvents(server.current, app.id, 9_998);
  const pending = async () =>
    Number(
      (
        await server.current.sql(
          `SELECT COUNT(*) AS n FROM event_delivery WHERE appId = '${app.id}' AND status = 'PENDING'`,
        )
      )[0]?.["n"],
    );
  expect(await pending()).toBe(9_999);
  for (let i = 0; i < 3; i++) await app.scope({ agents: "VIEW" });
  expect(await pending()).toBe(10_000);
});
