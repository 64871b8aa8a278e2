import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";

/** Every second the server looks by itself for callbacks that are due. */
const ofItself = /GROUP BY .delivery/;

/** The SQL statements that the server of this process sends while this work is done, and for it. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const spies = [
    jest.spyOn(BetterSqlite3QueryRunner.prototype, "query"),
    jest.spyOn(MysqlQueryRunner.prototype, "query"),
  ];
  try {
    await work();
    return spies
      .flatMap((spy) => spy.mock.calls.map(([statement]) => statement))
      .filter((statement) => !ofItself.test(statement));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
