import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { objectsOf } from "./prepared-statements";
import type { SqliteAnswer, SqliteQuestion, SqliteWorkerData } from "./sqlite-worker";

/** The heap of a worker, which holds the rows of one answer. */
const maxHeapMegabytes = 256;

const startTimeoutMs = 10_000;

/** A query that took too long, or whose worker failed. */
class SqliteWorkerError extends Error {
  readonly code = "ETIMEDOUT";
}

/**
 * Executes queries on SQLite in threads of their own, which have a connection each that can't write. A query sees all
 * that was committed before it.
 */
export class SqliteWorkers {
  private readonly idle: Worker[] = [];
  private readonly all = new Set<Worker>();
  private isClosed = false;

  /** @param maxWorkers including those whose query took too long, and can only be ended when SQLite returns */
  constructor(
    private readonly data: SqliteWorkerData,
    private readonly maxWorkers: number,
  ) {}

  /** Executes a query in an idle worker, or in a new one. Rejects with the error of SQLite. */
  async query(question: SqliteQuestion, timeoutMs: number): Promise<Record<string, unknown>[]> {
    const worker = this.idle.pop() ?? (await this.start());
    const answer = await this.ask(worker, question, timeoutMs);
    if (this.isClosed) void worker.terminate();
    else this.idle.push(worker);
    if ("error" in answer) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    return objectsOf({ columns: answer.columns, rows: answer.rows.map((values) => values.map(asBuffer)) });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((worker) => worker.terminate()));
  }

  /** Waits until it is ready, as on a busy machine that takes longer than a query may. */
  private async start(): Promise<Worker> {
    if (this.isClosed || this.all.size >= this.maxWorkers) throw new SqliteWorkerError("No worker of SQLite is free");
    const worker = new Worker(join(__dirname, "sqlite-worker.js"), {
      workerData: this.data,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
    });
    this.all.add(worker);
    worker.unref();
    // Of a worker that is idle; a query in progress has its own listener.
    worker.on("error", () => undefined);
    worker.on("exit", () => {
      this.all.delete(worker);
      const index = this.idle.indexOf(worker);
      if (index !== -1) this.idle.splice(index, 1);
    });
    await this.ask(worker, { statement: "SELECT 1", parameters: [] }, startTimeoutMs);
    return worker;
  }

  /** A worker that does not answer in time is ended, and so never becomes idle again. */
  private ask(worker: Worker, question: SqliteQuestion, timeoutMs: number): Promise<SqliteAnswer> {
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = (outcome: () => void) => {
        isSettled = true;
        clearTimeout(timer);
        worker.off("message", onMessage).off("error", onEnd).off("exit", onEnd).unref();
        outcome();
      };
      const onMessage = (answer: SqliteAnswer) => settle(() => resolve(answer));
      const onEnd = (cause: unknown) =>
        settle(() => reject(new SqliteWorkerError("The worker of SQLite ended", { cause })));
      const timeOut = () => {
        if (isSettled) return;
        settle(() => reject(new SqliteWorkerError(`SQLite did not answer within ${Math.round(timeoutMs)} ms`)));
        void worker.terminate();
      };
      // If this process was blocked, the answer has arrived and is read before the callback of setImmediate.
      const timer = setTimeout(() => setImmediate(timeOut), timeoutMs);
      worker.on("message", onMessage).on("error", onEnd).on("exit", onEnd).ref();
      worker.postMessage(question);
    });
  }
}

/** Binary values arrive from another thread as plain arrays of bytes. */
const asBuffer = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
