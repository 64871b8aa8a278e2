import type { ExecutionResult } from "graphql";
import type { PreparedOperation } from "../graphql/operations";
import type { LiveConnection } from "./live-connections";

/**
 * The results of a subscription, as far as they may be delivered. What the source throws becomes a result of its own,
 * since transports pass raw messages on or cut the connection. Ends when the stream is closed, and with what that was
 * for, such as UNAUTHENTICATED when the rights that it was opened with are gone.
 */
export function authorizedResults(
  source: AsyncIterable<ExecutionResult>,
  stream: LiveConnection,
  operation: PreparedOperation,
  presented: (result: ExecutionResult) => ExecutionResult,
  failed: (error: unknown) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  const results = source[Symbol.asyncIterator]();
  // One listener and a new promise for each wait: a promise that outlives them all would remember each of them.
  let interrupt = (): void => undefined;
  const stop = () => interrupt();
  let isOver = false;

  stream.closed.addEventListener("abort", stop);

  return {
    async next() {
      if (isOver) return { done: true, value: undefined };
      try {
        const result = await Promise.race([results.next(), interruption()]);
        await stream.waitUntilAuthorized();
        if (stream.closeReason) return await last({ errors: [stream.closeReason] });
        if (!result || result.done === true) return await finish();
        return { done: false, value: presented(result.value) };
      } catch (error) {
        return last(failed(error));
      }
    },
    return: finish,
    throw: finish,
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function interruption(): Promise<undefined> {
    if (stream.closed.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => (interrupt = () => resolve(undefined)));
  }

  async function last(value: ExecutionResult): Promise<IteratorYieldResult<ExecutionResult>> {
    await finish();
    return { done: false, value };
  }

  async function finish(): Promise<IteratorReturnResult<undefined>> {
    if (!isOver) {
      isOver = true;
      stream.release(operation);
      stream.closed.removeEventListener("abort", stop);
      interrupt();
      await results.return?.();
    }
    return { done: true, value: undefined };
  }
}
