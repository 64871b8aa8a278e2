import { type ChildProcess, fork } from "node:child_process";
import { Semaphore } from "async-mutex";

/** A worker did not finish its task. */
export class WorkerError extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE" | "DIED" | "STOPPED") {
    super(reason);
    this.name = "WorkerError";
  }
}

export interface WorkerPoolLimits {
  /** Maximum number of processes. */
  readonly workers: number;
  /** For one task, counted from when a worker starts it. */
  readonly timeoutSeconds: number;
  /** JavaScript heap of one worker. */
  readonly heapMegabytes: number;
}

export type WorkerReply = ({ readonly result: unknown } | { readonly error: string }) & {
  /** Whether the worker must not be reused. */
  readonly mustRecycle: boolean;
};

const idleTimeoutMs = 30_000;

/**
 * Runs tasks in child processes. Threads would not do: if a thread outgrows its heap, V8 may end the whole process. A
 * worker that has replied is reused for the next task. A worker that failed in any way is killed, and has exited before
 * its task rejects.
 */
export class WorkerPool {
  private readonly slots: Semaphore;
  private readonly idle: ChildProcess[] = [];
  private readonly alive = new Set<ChildProcess>();
  private readonly closing = new AbortController();

  /** @param script replies to each message with a WorkerReply */
  constructor(
    private readonly script: string,
    private readonly limits: WorkerPoolLimits,
  ) {
    this.slots = new Semaphore(limits.workers);
  }

  /**
   * @param makeTask called when a worker is free; if it returns undefined, so does `run`
   * @throws {WorkerError} if the worker fails; the signal's reason if it is aborted
   */
  async run(makeTask: () => Promise<object | undefined>, signal?: AbortSignal): Promise<unknown> {
    const stop = signal ? AbortSignal.any([signal, this.closing.signal]) : this.closing.signal;
    const release = await this.acquireSlot(stop);
    try {
      const task = await makeTask();
      return task && (await this.dispatch(task, stop));
    } finally {
      release();
    }
  }

  /** Kills all workers. Their tasks reject with STOPPED. */
  async close(): Promise<void> {
    this.closing.abort(new WorkerError("STOPPED"));
    const exits = [...this.alive].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.alive) child.kill("SIGKILL");
    await Promise.all(exits);
  }

  private acquireSlot(stop: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(stop.reason as Error);
      if (stop.aborted) {
        onAbort();
        return;
      }
      stop.addEventListener("abort", onAbort);
      void this.slots.acquire().then(([, release]) => {
        stop.removeEventListener("abort", onAbort);
        if (stop.aborted) release();
        else resolve(release);
      });
    });
  }

  private async dispatch(task: object, stop: AbortSignal): Promise<unknown> {
    stop.throwIfAborted();
    const child = this.idle.pop() ?? this.fork();
    const reply = await this.replyOf(child, task, stop);
    if (reply.mustRecycle) child.kill("SIGKILL");
    else this.park(child);
    if ("error" in reply) throw new Error(reply.error);
    return reply.result;
  }

  private replyOf(child: ChildProcess, task: object, stop: AbortSignal): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      let killReason: unknown;
      const kill = (reason: unknown) => {
        killReason ??= reason;
        child.kill("SIGKILL");
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
    const child = fork(this.script, [], {
      execArgv: [`--max-old-space-size=${this.limits.heapMegabytes}`],
      // A document that takes over the worker finds none of the server's secrets there.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.alive.add(child);
    child.once("exit", () => {
      this.alive.delete(child);
      this.unpark(child);
    });
    // Sending to a process that has just died fails here; its exit event rejects the task.
    child.on("error", () => child.kill("SIGKILL"));
    return child;
  }

  private park(child: ChildProcess): void {
    this.idle.push(child);
    setTimeout(() => {
      if (this.unpark(child)) child.kill("SIGKILL");
    }, idleTimeoutMs).unref();
  }

  /** @returns whether the worker was idle */
  private unpark(child: ChildProcess): boolean {
    const index = this.idle.indexOf(child);
    if (index >= 0) this.idle.splice(index, 1);
    return index >= 0;
  }
}

/** V8 aborts if the heap is full; the watchdog kills if the rest of the memory is. */
const outOfMemorySignals: ReadonlySet<NodeJS.Signals | null> = new Set(["SIGABRT", "SIGKILL", "SIGTRAP", "SIGILL"]);
