import { parentPort, workerData } from "node:worker_threads";
import { Sqlite } from "../sqlite";
import { PreparedStatements, type RowLists } from "./prepared-statements";

export interface SqliteWorkerData {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

export interface SqliteQuestion {
  readonly statement: string;
  readonly parameters: readonly unknown[];
}

/** It takes half the time to hand over lists instead of objects. */
export type SqliteAnswer =
  RowLists | { readonly error: { readonly message: string; readonly code: string | undefined } };

/** The thread that executes queries on SQLite, one after the other. */
function serve({ path, busyTimeoutMs }: SqliteWorkerData): void {
  const connection = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  const statements = new PreparedStatements(connection);

  parentPort?.on("message", ({ statement, parameters }: SqliteQuestion) => {
    let answer: SqliteAnswer;
    try {
      answer = statements.execute(statement, parameters) as RowLists;
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      answer = { error: { message, code } };
    }
    parentPort?.postMessage(answer);
  });
}

serve(workerData as SqliteWorkerData);
