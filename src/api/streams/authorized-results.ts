import type { ExecutionResult } from "graphql";
import type { PreparedOperation } from "../graphql/operations";
import type { LiveConnection } from "./live-connections";

/**
 * Passes on the results of a subscription for as long as its connection is authorized. An error of the source becomes a
 * result, since transports would expose its message or cut the connection. Ends when the connection is closed, with the
 * close reason as the last result, such as UNAUTHENTICATED after a revocation.
 */
export function authorizedResults(
  source: AsyncIterable<ExecutionResult>,
  connection: LiveConnection,
  operation: PreparedOperation,
  mask: (result: ExecutionResult) => ExecutionResult,
  resultOf: (error: unknown) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  const results = source[Symbol.asyncIterator]();
  // One listener, and a new promise for each wait: a single long-lived promise would keep every reaction in memory.
  let interrupt = (): void => undefined;
  const stop = () => interrupt();
  let isFinished = false;

  connection.closed.addEventListener("abort", stop);

  return {
    async next() {
      if (isFinished) return { done: true, value: undefined };
      try {
        const result = await Promise.race([results.next(), interruption()]);
        await connection.waitUntilAuthorized();
        if (connection.closeReason) return await last({ errors: [connection.closeReason] });
        if (!result || result.done === true) return await finish();
        return { done: false, value: mask(result.value) };
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
      await results.return?.();
    }
    return { done: true, value: undefined };
  }
}
