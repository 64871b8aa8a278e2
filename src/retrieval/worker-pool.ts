import { type ChildProcess, fork } from "node:child_process";
import { Semaphore } from "async-mutex";

/** Why a process did not finish its task. */
export class WorkerError extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE" | "DIED" | "STOPPED") {
    super(reason);
    this.name = "ProcessFailed";
  }
}

export interface WorkerPoolLimits {
  /** Processes at once. */
  readonly count: number;
  /** That one task may take, from where it begins. */
  readonly seconds: number;
  /** Of JavaScript's heap, in one process. */
  readonly heapMegabytes: number;
}

/** What a process answers to a task. */
export type WorkerReply = ({ readonly result: unknown } | { readonly fault: string }) & {
  /** Whether the process is not to be used again. */
  readonly mustRecycle: boolean;
};

/** An idle process is kept so long for the next task, in milliseconds. */
const idleTimeoutMs = 30_000;

/**
 * Carries out tasks in processes of their own. Threads would not do: where one of them outgrows its heap, V8 may end
 * the whole process. One that has answered takes the next task, one that fails in any way is not used again, and when
 * a task has failed, its process is gone.
 */
export class WorkerPool {
  private readonly slots: Semaphore;
  private readonly idle: ChildProcess[] = [];
  private readonly alive = new Set<ChildProcess>();
  private readonly closing = new AbortController();

  /** @param script answers each message with an Answer */
  constructor(
    private readonly script: string,
    private readonly limits: WorkerPoolLimits,
  ) {
    this.slots = new Semaphore(limits.count);
  }

  /**
   * @param taskOf makes the task when it is its turn; where it makes none, there is no answer either
   * @throws ProcessFailed; whatever the signal was given with, where it was given
   */
  async run(taskOf: () => Promise<object | undefined>, signal?: AbortSignal): Promise<unknown> {
    const stop = signal ? AbortSignal.any([signal, this.closing.signal]) : this.closing.signal;
    const release = await this.acquireSlot(stop);
    try {
      const task = await taskOf();
      return task && (await this.dispatch(task, stop));
    } finally {
      release();
    }
  }

  /** Ends all processes, and fails their tasks with STOPPED. */
  async close(): Promise<void> {
    this.closing.abort(new WorkerError("STOPPED"));
    const exits = [...this.alive].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.alive) child.kill("SIGKILL");
    await Promise.all(exits);
  }

  private acquireSlot(stop: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onStop = () => reject(stop.reason as Error);
      if (stop.aborted) {
        onStop();
        return;
      }
      stop.addEventListener("abort", onStop);
      void this.slots.acquire().then(([, release]) => {
        stop.removeEventListener("abort", onStop);
        if (stop.aborted) release();
        else resolve(release);
      });
    });
  }

  private async dispatch(task: object, stop: AbortSignal): Promise<unknown> {
    stop.throwIfAborted();
    const child = this.idle.pop() ?? this.start();
    const answer = await this.replyOf(child, task, stop);
    if (answer.mustRecycle) child.kill("SIGKILL");
    else this.park(child);
    if ("fault" in answer) throw new Error(answer.fault);
    return answer.result;
  }

  private replyOf(child: ChildProcess, task: object, stop: AbortSignal): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      let reason: unknown;
      const kill = (why: unknown) => {
        reason ??= why;
        child.kill("SIGKILL");
      };
      const onStop = () => kill(stop.reason);
      const onAnswer = (answer: unknown) => {
        settle();
        resolve(answer as WorkerReply);
      };
      const onExit = (_code: number | null, signal: NodeJS.Signals | null) => {
        settle();
        reject((reason as Error | undefined) ?? new WorkerError(outOfMemorySignals.has(signal) ? "TOO_LARGE" : "DIED"));
      };
      const timer = setTimeout(() => kill(new WorkerError("TIMEOUT")), this.limits.seconds * 1_000);
      const settle = () => {
        clearTimeout(timer);
        stop.removeEventListener("abort", onStop);
        child.off("message", onAnswer);
        child.off("exit", onExit);
      };
      stop.addEventListener("abort", onStop);
      child.once("message", onAnswer);
      child.once("exit", onExit);
      child.send(task);
    });
  }

  private start(): ChildProcess {
    const child = fork(this.script, [], {
      execArgv: [`--max-old-space-size=${this.limits.heapMegabytes}`],
      // Whatever takes over the process finds no secrets of the server's in it.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.alive.add(child);
    child.once("exit", () => {
      this.alive.delete(child);
      this.forget(child);
    });
    // Sending to a process that has just died fails here as well; its exit says so.
    child.on("error", () => child.kill("SIGKILL"));
    return child;
  }

  private park(child: ChildProcess): void {
    this.idle.push(child);
    setTimeout(() => {
      if (this.forget(child)) child.kill("SIGKILL");
    }, idleTimeoutMs).unref();
  }

  /** @returns whether it was idle */
  private forget(child: ChildProcess): boolean {
    const place = this.idle.indexOf(child);
    if (place >= 0) this.idle.splice(place, 1);
    return place >= 0;
  }
}

/** V8 aborts where the heap is full, and the process itself where the rest has grown too large. */
const outOfMemorySignals: ReadonlySet<NodeJS.Signals | null> = new Set(["SIGABRT", "SIGKILL", "SIGTRAP", "SIGILL"]);
