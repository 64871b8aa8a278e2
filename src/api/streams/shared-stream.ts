import type { ExecutionResult } from "graphql";
import { ApiError, conflict, notFound } from "../../errors";
import { WakeUp } from "../../platform/process/wake-up";
import type { StreamEvent } from "./event-stream";
import type { LiveConnection } from "./live-connection";

/** Operations that may be open on one stream. */
const maxOperations = 100;
/** A stream without events checks at this interval whether it has been closed. */
const pollingIntervalMs = 30_000;

type Results = AsyncIterableIterator<ExecutionResult>;

interface OpenOperation {
  readonly id: string;
  readonly results: Results;
}

interface Step {
  readonly operation: OpenOperation;
  /** Undefined after the last one. */
  readonly result: ExecutionResult | undefined;
}

/**
 * The results of several operations on one stream of events. The next result of an operation is taken only after its
 * previous one was handed on, and operations take turns, so that none of them fills the memory or delays the others.
 */
export class SharedStream {
  /** Those that begin included, whose results are not known yet. */
  private readonly ids = new Set<string>();
  private readonly operations = new Map<string, OpenOperation>();
  private readonly steps: Step[] = [];
  private readonly wake = new WakeUp();
  private isStopped = false;

  /** @param resultOf the last result of an operation that fails */
  constructor(
    readonly connection: LiveConnection,
    private readonly resultOf: (error: unknown) => ExecutionResult,
  ) {
    connection.closed.addEventListener("abort", () => this.wake.wakeUp());
  }

  /**
   * Takes a place for an operation.
   *
   * @throws CONFLICT if the id is taken, LIMIT_REACHED if there are too many operations
   */
  reserve(id: string): void {
    if (this.isStopped) throw notFound("stream");
    if (this.ids.has(id))
      throw conflict("OPERATION_OPEN", "An open operation of this stream has the same `extensions.operationId`.");
    if (this.ids.size >= maxOperations)
      throw new ApiError("LIMIT_REACHED", `At most ${maxOperations} operations may be open on a stream.`);
    this.ids.add(id);
  }

  /** Streams the results of an operation whose place is reserved. */
  add(id: string, results: Results): void {
    const operation = { id, results };
    // It may have been ended while it began.
    if (!this.ids.has(id)) {
      void results.return?.();
      return;
    }
    this.operations.set(id, operation);
    this.take(operation);
  }

  /** Ends an operation, if it is open, without a further event. */
  end(id: string): void {
    this.ids.delete(id);
    const operation = this.operations.get(id);
    this.operations.delete(id);
    void operation?.results.return?.();
  }

  /** Ends all operations, and with them the events. */
  stop(): void {
    this.isStopped = true;
    for (const id of this.ids) this.end(id);
    this.wake.wakeUp();
  }

  /** Ends once the connection is closed and no operation is open. */
  async *events(): AsyncGenerator<StreamEvent, undefined> {
    while (!this.isStopped && (!this.connection.closed.aborted || this.operations.size > 0)) {
      const step = this.steps.shift();
      if (!step) await this.wake.wait(pollingIntervalMs);
      else if (this.operations.get(step.operation.id) === step.operation) yield this.eventOf(step);
    }
    this.stop();
    return undefined;
  }

  private eventOf({ operation, result }: Step): StreamEvent {
    const { id } = operation;
    if (!result) {
      this.ids.delete(id);
      this.operations.delete(id);
      return { event: "complete", data: { id } };
    }
    this.take(operation);
    return { event: "next", data: { id, payload: result } };
  }

  private take(operation: OpenOperation): void {
    const add = (result: Step["result"]) => {
      this.steps.push({ operation, result });
      this.wake.wakeUp();
    };
    operation.results.next().then(
      ({ done, value }: IteratorResult<ExecutionResult, unknown>) => add(done === true ? undefined : value),
      (error: unknown) => {
        void operation.results.return?.();
        add(this.resultOf(error));
      },
    );
  }
}
