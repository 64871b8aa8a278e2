import type { ExecutionResult } from "graphql";
import type { PreparedOperation } from "../graphql/operations";
import type { LiveConnection } from "./live-connection";

export interface EventHandling {
  /** Computes the result of an event, with internal errors masked. */
  readonly execute: (event: unknown) => Promise<ExecutionResult>;
  /** The result of an error of the source. */
  readonly resultOf: (error: unknown) => ExecutionResult;
}

/**
 * Passes on the results of a subscription for as long as its connection is authorized. An error of the source becomes a
 * result, since transports would expose its message or cut the connection. Ends when the connection is closed, with the
 * close reason as the last result, such as UNAUTHENTICATED after a revocation.
 *
 * A result is computed only when few others of its connection wait for the client. The next one is asked for when the
 * client has taken it.
 */
export function authorizedResults(
  source: AsyncIterable<unknown>,
  connection: LiveConnection,
  operation: PreparedOperation,
  { execute, resultOf }: EventHandling,
): AsyncIterableIterator<ExecutionResult> {
  const events = source[Symbol.asyncIterator]();
  // One listener, and a new promise for each wait: a single long-lived promise would keep every reaction in memory.
  let interrupt = (): void => undefined;
  const stop = () => interrupt();
  let isFinished = false;
  let releasePermit = (): void => undefined;

  connection.closed.addEventListener("abort", stop);

  return {
    async next() {
      releasePermit();
      if (isFinished) return { done: true, value: undefined };
      try {
        const result = await Promise.race([nextResult(), interruption()]);
        await connection.waitUntilAuthorized();
        if (connection.closeReason) return await last({ errors: [connection.closeReason] });
        if (!result) return await finish();
        return { done: false, value: result };
      } catch (error) {
        return last(resultOf(error));
      }
    },
    return: finish,
    throw: finish,
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  /** @returns undefined after the last event */
  async function nextResult(): Promise<ExecutionResult | undefined> {
    const event = await events.next();
    if (event.done === true) return undefined;
    const [, release] = await connection.pendingResults.acquire();
    releasePermit = release;
    await connection.waitForTurn();
    if (!isFinished) return execute(event.value);
    release();
    return undefined;
  }

  function interruption(): Promise<undefined> {
    if (connection.closed.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => (interrupt = () => resolve(undefined)));
  }

  async function last(value: ExecutionResult): Promise<IteratorYieldResult<ExecutionResult>> {
    await finish();
    return { done: false, value };
  }

  async function finish(): Promise<IteratorReturnResult<undefined>> {
    if (!isFinished) {
      isFinished = true;
      connection.release(operation);
      connection.closed.removeEventListener("abort", stop);
      interrupt();
      releasePermit();
      await events.return?.();
    }
    return { done: true, value: undefined };
  }
}
