import { parentPort, workerData } from "node:worker_threads";
import { Sqlite } from "../sqlite";
import { PreparedStatements } from "./prepared-statements";

export interface SqliteWorkerData {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

export interface SqliteQuestion {
  readonly statement: string;
  readonly parameters: readonly unknown[];
}

/** Rows are lists of values, in the order of the columns, as it takes half the time to hand over lists. */
export type SqliteAnswer =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };

/** The thread that executes queries on SQLite, one after the other. */
function serve({ path, busyTimeoutMs }: SqliteWorkerData): void {
  const connection = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  const statements = new PreparedStatements(connection);

  parentPort?.on("message", ({ statement, parameters }: SqliteQuestion) => {
    let answer: SqliteAnswer;
    try {
      const query = statements.prepare(statement).raw();
      const rows = query.all(...parameters) as unknown[][];
      answer = { columns: query.columns().map(({ name }) => name), rows };
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      answer = { error: { message, code } };
    }
    parentPort?.postMessage(answer);
  });
}

serve(workerData as SqliteWorkerData);
