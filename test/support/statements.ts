import { setImmediate as immediate } from "node:timers/promises";
import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";

/** Every second the server looks by itself for callbacks that are due. */
const ofItself = /GROUP BY .delivery/;

/** Whether a statement asks whose keys those are, for a request or for open streams. */
export const asksForHolders = (statement: string): boolean => /JOIN .scope./.test(statement);

/** The SQL statements that the server of this process sends while this work is done, and for it. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await sentDuring(work)).map(({ statement }) => statement);
}

/** How many rows of which table each transaction of this process changes or deletes while this work is done. */
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
    jest.spyOn(BetterSqlite3QueryRunner.prototype, "query"),
    jest.spyOn(MysqlQueryRunner.prototype, "query"),
  ];
  try {
    await work();
    await settled(() => spies.flatMap(({ mock }) => mock.results.map(({ value }) => value as unknown)));
    return spies
      .flatMap(({ mock }) =>
        mock.calls.map(([statement], i) => ({ statement, result: mock.results[i]?.value as unknown })),
      )
      .filter(({ statement }) => !ofItself.test(statement));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** An operation may be answered while a part of it still asks, as where another part of it has failed. */
async function settled(sent: () => readonly unknown[]): Promise<void> {
  for (let known = -1; known < sent().length;) {
    known = sent().length;
    await Promise.allSettled(sent());
    for (let turn = 0; turn < 2; turn++) await immediate();
  }
}
