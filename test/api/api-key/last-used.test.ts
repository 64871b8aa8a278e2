import { randomUUID } from "node:crypto";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import pino from "pino";
import { KeyUsage } from "../../../src/domain/api-key/key-usage";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/entities";
import { Database } from "../../../src/platform/database/database";
import { node } from "../../support/node";
import { type TestProcess, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { statementsOf } from "../../support/statements";
import { KeyHolder } from "../../support/test-app";

const processes = useProcesses();
const log = pino({ level: "silent" });
const cleanups: (() => Promise<void>)[] = [];
const minuteMs = 60_000;
const address = "192.0.2.1";
const at = (second: number) => new Date(Date.UTC(2030, 0, 1) + second * 1_000);

beforeEach(() => {
  // The database needs the other timers to be real.
  mock.timers.enable({ apis: ["Date", "setInterval"], now: at(0) });
  jest.spyOn(log, "error");
});
afterEach(async () => {
  mock.timers.reset();
  jest.restoreAllMocks();
  for (const close of cleanups.splice(0)) await close();
});

/** A recorder of key use on the database of a server, as another instance has it. */
async function usageOn(server: TestProcess): Promise<{ usage: KeyUsage; db: Database }> {
  const db = await Database.open(readConfig(server.environment).database, entities);
  const usage = new KeyUsage(db, log, true);
  cleanups.push(async () => {
    await usage.close();
    await db.close();
  });
  return { usage, db };
}

async function keysOf(server: TestProcess, count: number): Promise<string[]> {
  const app = await server.newApp();
  const scopeId = await app.scope({});
  const keys = await Promise.all(Array.from({ length: count }, () => app.key(scopeId)));
  return keys.map(({ keyId }) => keyId);
}

async function lastUse(server: TestProcess, id: string | undefined): Promise<Date | null> {
  const { apiKey } = await server.admin.data(`query ($id: ID!) { apiKey(id: $id) { lastUsedAt } }`, { id });
  return apiKey.lastUsedAt === null ? null : new Date(apiKey.lastUsedAt as string);
}

/** Advances the mocked time to that second. */
const advanceTo = (second: number) => mock.timers.tick(at(second).getTime() - node.Date.now());

function use(usage: KeyUsage, id: string | undefined, second: number): void {
  advanceTo(second);
  usage.record(id ?? "", address);
}

const updatesOf = async (work: () => Promise<unknown>) =>
  (await statementsOf(work)).filter((statement) => statement.startsWith("UPDATE"));

test("the last use of each key is written once a minute", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageOn(server);
  const transaction = jest.spyOn(db, "transaction");
  for (let second = 1; second <= 50; second++) {
    use(usage, ada, second);
    if (second === 7) use(usage, eve, second);
  }

  advanceTo(59.999);
  expect(transaction).not.toHaveBeenCalled();
  const updates = await updatesOf(async () => {
    advanceTo(60);
    await eventually(async () => (await lastUse(server, eve)) !== null);
  });
  expect(updates).toHaveLength(2);
  expect([await lastUse(server, ada), await lastUse(server, eve)]).toEqual([at(50), at(7)]);

  mock.timers.tick(10 * minuteMs);
  await usage.flush();
  expect(transaction).toHaveBeenCalledTimes(1);
});

test("an instance does not overwrite a later use that another instance has written", async () => {
  const server = await processes.serve(await processes.fresh());
  const [key] = await keysOf(server, 1);
  const [one, other] = [await usageOn(server), await usageOn(server)];
  use(one.usage, key, 1);
  use(other.usage, key, 2);
  await other.usage.flush();
  await one.usage.flush();
  expect(await lastUse(server, key)).toEqual(at(2));
});

test("a use that can't be written is logged, kept, and written by the next flush with the uses since then", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageOn(server);
  const transaction = jest.spyOn(db, "transaction").mockRejectedValue(new Error("The database is unavailable"));
  use(usage, ada, 1);
  use(usage, eve, 2);
  for (let failure = 1; failure <= 3; failure++) {
    await usage.flush();
    expect(log.error).toHaveBeenCalledTimes(failure);
    for (let i = 0; i < 100; i++) use(usage, ada, 10 * failure);
  }

  transaction.mockRestore();
  // One use of each key is kept, however often it failed.
  expect(await updatesOf(() => usage.flush())).toHaveLength(2);
  expect([await lastUse(server, ada), await lastUse(server, eve)]).toEqual([at(30), at(2)]);
});

test("close() waits for the flush in progress, and writes the rest", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageOn(server);
  const write = db.transaction.bind(db);
  const transaction = jest.spyOn(db, "transaction").mockImplementationOnce((work) => {
    use(usage, ada, 3);
    return write(work);
  });
  use(usage, ada, 1);
  const writing = usage.flush();
  use(usage, eve, 2);
  await usage.close();
  expect(await updatesOf(() => writing)).toEqual([]);
  expect([await lastUse(server, ada), await lastUse(server, eve)]).toEqual([at(3), at(2)]);

  use(usage, ada, 4);
  transaction.mockClear();
  mock.timers.tick(10 * minuteMs);
  await setImmediate();
  expect(transaction).not.toHaveBeenCalled();
});

test("thousands of keys are written a hundred at a time, with other work in between", async () => {
  const server = await processes.serve(await processes.fresh());
  const { usage, db } = await usageOn(server);
  const transaction = jest.spyOn(db, "transaction");
  for (let i = 0; i < 2_000; i++) usage.record(randomUUID(), address);

  let isDone = false;
  let turns = 0;
  const countTurns = async () => {
    for (; !isDone; turns++) await setImmediate();
  };
  void countTurns();
  await usage.flush();
  isDone = true;
  expect(transaction).toHaveBeenCalledTimes(20);
  expect(turns).toBeGreaterThanOrEqual(20);
  // These keys do not exist, and their uses are not kept.
  expect(await updatesOf(() => usage.flush())).toEqual([]);
});

test.each(["on", "off"])(
  "with KEY_ADDRESSES=%s, the address behind trusted proxies is kept or not",
  async (setting) => {
    const fresh = { ...(await processes.fresh()), TRUSTED_PROXIES: "127.0.0.1" };
    const first = await processes.serve(fresh);
    const { secret, keyId, scopeId } = await (await first.newApp()).key();
    const useFrom = async (server: TestProcess, address: string) => {
      const request = new KeyHolder(server.url, secret, keyId, scopeId).post().set("x-forwarded-for", address);
      expect((await request.send({ query: `{ viewer { name } }` })).status).toBe(200);
      await server.end();
    };
    await useFrom(first, "192.0.2.7");
    await useFrom(await processes.serve({ ...fresh, KEY_ADDRESSES: setting }), "2001:db8::1");
    const { admin } = await processes.serve(fresh);
    const { apiKey } = await admin.data(`query ($id: ID!) { apiKey(id: $id) { lastUsedFrom } }`, { id: keyId });
    expect(apiKey.lastUsedFrom).toBe(setting === "on" ? "2001:db8::1" : null);
  },
);
