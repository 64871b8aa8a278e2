import { type ChildProcess, fork } from "node:child_process";
import { FairQueue } from "../platform/process/fair-queue";
import type { FairShare } from "../platform/process/fair-scheduler";
import { outOfMemorySignals } from "./extraction/unreadable-error";

/** A worker did not finish its task. */
export class WorkerError extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE" | "DIED" | "STOPPED") {
    super(reason);
    this.name = "WorkerError";
  }
}

export interface WorkerPoolLimits {
  /** Maximum number of processes. With at least two, one is kept for apps that have none of their tasks running. */
  readonly workers: number;
  /** Maximum number of tasks that wait for a worker. */
  readonly maxWaiting: number;
  /** For one task, counted from when a worker starts it. */
  readonly timeoutSeconds: number;
  /** JavaScript heap of one worker, and of each process that it starts. */
  readonly heapMegabytes: number;
}

export type WorkerReply = ({ readonly result: unknown } | { readonly error: string }) & {
  /** Whether the worker must not be reused. */
  readonly mustRecycle: boolean;
};

const idleTimeoutMs = 30_000;

/**
 * Runs tasks in child processes, in fair turns by app and key. Threads would not do: if a thread outgrows its heap, V8 may
 * end the whole process. A worker that has replied is reused for the next task. A worker that failed in any way is killed
 * with the processes that it has started, and has exited before its task rejects.
 */
export class WorkerPool {
  private readonly queue: FairQueue;
  private readonly idle: ChildProcess[] = [];
  private readonly alive = new Set<ChildProcess>();
  private readonly closing = new AbortController();

  /** @param script replies to each message with a WorkerReply; its argument is the heap in megabytes */
  constructor(
    private readonly script: string,
    private readonly limits: WorkerPoolLimits,
  ) {
    const { workers, maxWaiting } = limits;
    this.queue = new FairQueue({ total: workers, perApp: workers, perLane: workers, maxWaiting });
  }

  /**
   * @param share whose turn it takes
   * @param makeTask called when a worker is free; if it returns undefined, so does `run`
   * @throws {QueueFullError} if too many tasks wait
   * @throws {WorkerError} if the worker fails; the signal's reason if it is aborted
   */
  async run(share: FairShare, makeTask: () => Promise<object | undefined>, signal?: AbortSignal): Promise<unknown> {
    const stop = signal ? AbortSignal.any([signal, this.closing.signal]) : this.closing.signal;
    const work = async () => {
      const task = await makeTask();
      return task && (await this.dispatch(task, stop));
    };
    return this.queue.run(share, work, stop);
  }

  /** Kills all workers. Their tasks reject with STOPPED. */
  async close(): Promise<void> {
    this.closing.abort(new WorkerError("STOPPED"));
    const exits = [...this.alive].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.alive) killGroup(child);
    await Promise.all(exits);
  }

  private async dispatch(task: object, stop: AbortSignal): Promise<unknown> {
    stop.throwIfAborted();
    const child = this.idle.pop() ?? this.fork();
    const reply = await this.replyOf(child, task, stop);
    if (reply.mustRecycle) killGroup(child);
    else this.park(child);
    if ("error" in reply) throw new Error(reply.error);
    return reply.result;
  }

  private replyOf(child: ChildProcess, task: object, stop: AbortSignal): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      let killReason: unknown;
      const kill = (reason: unknown) => {
        killReason ??= reason;
        killGroup(child);
      };
      const onAbort = () => kill(stop.reason);
      const onMessage = (reply: unknown) => {
        cleanUp();
        resolve(reply as WorkerReply);
      };
      const onExit = (_code: number | null, signal: NodeJS.Signals | null) => {
        cleanUp();
        const reason = outOfMemorySignals.has(signal) ? "TOO_LARGE" : "DIED";
        reject((killReason as Error | undefined) ?? new WorkerError(reason));
      };
      const timer = setTimeout(() => kill(new WorkerError("TIMEOUT")), this.limits.timeoutSeconds * 1_000);
      const cleanUp = () => {
        clearTimeout(timer);
        stop.removeEventListener("abort", onAbort);
        child.off("message", onMessage);
        child.off("exit", onExit);
      };
      stop.addEventListener("abort", onAbort);
      child.once("message", onMessage);
      child.once("exit", onExit);
      child.send(task);
    });
  }

  private fork(): ChildProcess {
    const { heapMegabytes } = this.limits;
    const child = fork(this.script, [String(heapMegabytes)], {
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      // A document that takes over the worker finds none of the server's secrets there.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      // It leads a process group, so that the processes that it starts can be killed with it.
      detached: true,
    });
    this.alive.add(child);
    child.once("exit", () => {
      killGroup(child);
      this.alive.delete(child);
      this.unpark(child);
    });
    // Sending to a process that has just died fails here; its exit event rejects the task.
    child.on("error", () => killGroup(child));
    return child;
  }

  private park(child: ChildProcess): void {
    this.idle.push(child);
    setTimeout(() => {
      if (this.unpark(child)) killGroup(child);
    }, idleTimeoutMs).unref();
  }

  /** @returns whether the worker was idle */
  private unpark(child: ChildProcess): boolean {
    const index = this.idle.indexOf(child);
    if (index >= 0) this.idle.splice(index, 1);
    return index >= 0;
  }
}

/** Kills a worker and the processes that it has started, of which some may outlive it. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // None of them is left.
  }
}
