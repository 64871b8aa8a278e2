import { setImmediate as immediate } from "node:timers/promises";
import { TimedQueryRunner } from "../../src/platform/database/mysql-timeouts";
import { SqliteQueryRunner, SqliteReadRunner } from "../../src/platform/database/sqlite-query-runner";

/** The server polls every second for due callbacks, and for runs and callbacks of keys that were revoked. */
const polling = /GROUP BY .delivery|FROM callback_delivery AS delivery/;

/** Whether a statement looks up the scopes of keys, for a request or for open streams. */
export const asksForHolders = (statement: string): boolean => /JOIN .scope./.test(statement);

/** The SQL statements that the server in this process sends during this work. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await sentDuring(work)).map(({ statement }) => statement);
}

/**
 * Those of them that answer requests of keys: without the periodic check of the rights of operations in progress, which
 * comes upon an operation that a busy machine delays.
 */
export const requestStatementsOf = async (work: () => Promise<unknown>): Promise<string[]> =>
  (await statementsOf(work)).filter((statement) => !isPeriodic(statement));

const isPeriodic = (statement: string): boolean => asksForHolders(statement) && /\W\.\Wid\W IN \(/.test(statement);

/** For each query that answers requests of keys during this work, the number of rows that it returns. */
export async function rowsReadBy(work: () => Promise<unknown>): Promise<number[]> {
  const sent = (await sentDuring(work)).filter(({ statement }) => !isPeriodic(statement));
  const results = await Promise.all(sent.map(({ result }) => result));
  return results.flatMap((rows) => (Array.isArray(rows) ? [rows.length] : []));
}

/** For each transaction during this work, the number of rows that it updates or deletes by table. */
export async function changesOf(work: () => Promise<unknown>): Promise<Record<string, number>[]> {
  const transactions: Record<string, number>[] = [{}];
  for (const { statement, result } of await sentDuring(work)) {
    if (statement === "COMMIT") transactions.push({});
    const [, table] = /^(?:DELETE FROM|UPDATE) .(\w+)/.exec(statement) ?? [];
    const changed = transactions.at(-1);
    if (table === undefined || !changed) continue;
    const { affected } = (await result) as { affected: number };
    changed[table] = (changed[table] ?? 0) + affected;
  }
  return transactions;
}

async function sentDuring(work: () => Promise<unknown>): Promise<{ statement: string; result: unknown }[]> {
  const spies = [
    jest.spyOn(SqliteQueryRunner.prototype, "query"),
    jest.spyOn(SqliteReadRunner.prototype, "query"),
    jest.spyOn(TimedQueryRunner.prototype, "query"),
  ];
  try {
    await work();
    await settled(() => spies.flatMap(({ mock }) => mock.results.map(({ value }) => value as unknown)));
    return spies
      .flatMap(({ mock }) =>
        mock.calls.map(([statement], i) => ({ statement, result: mock.results[i]?.value as unknown })),
      )
      .filter(({ statement }) => !polling.test(statement));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Waits for statements that are still in progress: an operation may fail before all its parts are finished. */
async function settled(sent: () => readonly unknown[]): Promise<void> {
  for (let count = -1; count < sent().length;) {
    count = sent().length;
    await Promise.allSettled(sent());
    for (let i = 0; i < 2; i++) await immediate();
  }
}
