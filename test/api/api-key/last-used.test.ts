import { randomUUID } from "node:crypto";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import pino from "pino";
import { KeyUsage } from "../../../src/domain/api-key/key-usage";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/container";
import { Database } from "../../../src/platform/database/database";
import { node } from "../../support/node";
import { type TestProcess, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { statementsOf } from "../../support/statements";

const processes = useProcesses();
const log = pino({ level: "silent" });
const opened: (() => Promise<void>)[] = [];
const minute = 60_000;
const at = (second: number) => new Date(Date.UTC(2030, 0, 1) + second * 1_000);

beforeEach(() => {
  // The rest of time goes on, as the database needs it.
  mock.timers.enable({ apis: ["Date", "setInterval"], now: at(0) });
  jest.spyOn(log, "error");
});
afterEach(async () => {
  mock.timers.reset();
  jest.restoreAllMocks();
  for (const close of opened.splice(0)) await close();
});

/** What a server has of its own to write down the use of keys, beside a server that has the keys. */
async function usageBeside(server: TestProcess): Promise<{ usage: KeyUsage; db: Database }> {
  const db = await Database.open(readConfig(server.environment).database, entities);
  const usage = new KeyUsage(db, log);
  opened.push(async () => {
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

/** Lets time go on until that second. */
const reach = (second: number) => mock.timers.tick(at(second).getTime() - node.Date.now());

function use(usage: KeyUsage, id: string | undefined, second: number): void {
  reach(second);
  usage.used(id ?? "");
}

const updatesOf = async (work: () => Promise<unknown>) =>
  (await statementsOf(work)).filter((statement) => statement.startsWith("UPDATE"));

test("the uses of a minute are written when it is over, one for each key: its last", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageBeside(server);
  const transaction = jest.spyOn(db, "transaction");
  for (let second = 1; second <= 50; second++) {
    use(usage, ada, second);
    if (second === 7) use(usage, eve, second);
  }

  reach(59.999);
  expect(transaction).not.toHaveBeenCalled();
  const updates = await updatesOf(async () => {
    reach(60);
    await eventually(async () => (await lastUse(server, eve)) !== null);
  });
  expect(updates).toHaveLength(2);
  expect([await lastUse(server, ada), await lastUse(server, eve)]).toEqual([at(50), at(7)]);

  mock.timers.tick(10 * minute);
  await usage.flush();
  expect(transaction).toHaveBeenCalledTimes(1);
});

test("an instance that writes later does not set back what another has seen later", async () => {
  const server = await processes.serve(await processes.fresh());
  const [key] = await keysOf(server, 1);
  const [one, other] = [await usageBeside(server), await usageBeside(server)];
  use(one.usage, key, 1);
  use(other.usage, key, 2);
  await other.usage.flush();
  await one.usage.flush();
  expect(await lastUse(server, key)).toEqual(at(2));
});

test("what can't be written is logged, kept, and written the next time, with what came since", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageBeside(server);
  const transaction = jest.spyOn(db, "transaction").mockRejectedValue(new Error("The database is away"));
  use(usage, ada, 1);
  use(usage, eve, 2);
  for (let failure = 1; failure <= 3; failure++) {
    await usage.flush();
    expect(log.error).toHaveBeenCalledTimes(failure);
    for (let i = 0; i < 100; i++) use(usage, ada, 10 * failure);
  }

  transaction.mockRestore();
  // However often it failed, there is one use to keep of each key.
  expect(await updatesOf(() => usage.flush())).toHaveLength(2);
  expect([await lastUse(server, ada), await lastUse(server, eve)]).toEqual([at(30), at(2)]);
});

test("the end waits for what is being written, and writes the rest", async () => {
  const server = await processes.serve(await processes.fresh());
  const [ada, eve] = await keysOf(server, 2);
  const { usage, db } = await usageBeside(server);
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
  mock.timers.tick(10 * minute);
  await setImmediate();
  expect(transaction).not.toHaveBeenCalled();
});

test("thousands of keys are written a hundred at a time, and others get their turn in between", async () => {
  const server = await processes.serve(await processes.fresh());
  const { usage, db } = await usageBeside(server);
  const transaction = jest.spyOn(db, "transaction");
  for (let i = 0; i < 2_000; i++) usage.used(randomUUID());

  let isOver = false;
  let turns = 0;
  const takeTurns = async () => {
    for (; !isOver; turns++) await setImmediate();
  };
  void takeTurns();
  await usage.flush();
  isOver = true;
  expect(transaction).toHaveBeenCalledTimes(20);
  expect(turns).toBeGreaterThanOrEqual(20);
  // Nobody holds these keys any more, so that there is nothing to keep.
  expect(await updatesOf(() => usage.flush())).toEqual([]);
});
