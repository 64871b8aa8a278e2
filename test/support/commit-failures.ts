import { AbstractSqliteQueryRunner } from "typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";

/**
 * Lets the server of this process fail at one commit: the next, or a later one.
 *
 * @param moment "before", so that nothing is committed, or "after", so that all is and only the word of it gets lost
 */
export function failAtCommit(number: number, moment: "before" | "after"): void {
  let left = number;
  for (const { prototype } of [AbstractSqliteQueryRunner, MysqlQueryRunner]) {
    const commit = prototype.commitTransaction;
    jest.spyOn(prototype, "commitTransaction").mockImplementation(async function (this: typeof prototype) {
      left -= 1;
      if (left === 0 && moment === "before") throw new Error("the database was away");
      await commit.call(this);
      if (left === 0) throw new Error("the database's word got lost");
    });
  }
}
