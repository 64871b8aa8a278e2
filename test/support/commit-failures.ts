import { AbstractSqliteQueryRunner } from "typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";

/**
 * Makes one commit of the server in this process fail.
 *
 * @param number 1 for the next commit
 * @param moment "before": nothing is committed; "after": everything is committed, but the acknowledgement is lost
 */
export function failAtCommit(number: number, moment: "before" | "after"): void {
  let remaining = number;
  for (const { prototype } of [AbstractSqliteQueryRunner, MysqlQueryRunner]) {
    const commit = prototype.commitTransaction;
    jest.spyOn(prototype, "commitTransaction").mockImplementation(async function (this: typeof prototype) {
      // The end of a savepoint is no commit.
      if ((this as unknown as { transactionDepth: number }).transactionDepth > 1) {
        await commit.call(this);
        return;
      }
      remaining -= 1;
      if (remaining === 0 && moment === "before") throw new Error("the database is unavailable");
      await commit.call(this);
      if (remaining === 0) throw new Error("the acknowledgement of the commit was lost");
    });
  }
}
