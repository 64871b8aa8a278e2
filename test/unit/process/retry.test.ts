import { Attempts, retry, type RetryOptions } from "../../../src/platform/process/retry";

/** Fails `failures` times before it succeeds, and counts its calls. */
function failing(failures: number) {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    work: async () => {
      calls += 1;
      if (calls <= failures) throw new Error(`failure ${calls}`);
      return "done";
    },
  };
}

test("an operation that succeeds runs once", async () => {
  const operation = failing(0);
  expect(await retry(operation.work, { delayMs: 1 })).toBe("done");
  expect(operation.calls).toBe(1);
});

test("an operation without a limit is retried until it succeeds", async () => {
  const operation = failing(20);
  expect(await retry(operation.work, { delayMs: 0 })).toBe("done");
  expect(operation.calls).toBe(21);
});

test("a synchronous error is retried like a rejection", async () => {
  let calls = 0;
  const work = () => {
    calls += 1;
    if (calls === 1) throw new Error("failure");
    return calls;
  };
  expect(await retry(work, { delayMs: 1 })).toBe(2);
});

test("an error that should not be retried is thrown immediately", async () => {
  const operation = failing(3);
  const shouldRetry = (error: unknown) => (error as Error).message !== "failure 2";
  await expect(retry(operation.work, { delayMs: 1, shouldRetry })).rejects.toThrow("failure 2");
  expect(operation.calls).toBe(2);
});

test("the error of the last allowed attempt is thrown", async () => {
  const operation = failing(5);
  await expect(retry(operation.work, { delayMs: 1, maxAttempts: 3 })).rejects.toThrow("failure 3");
  expect(operation.calls).toBe(3);
});

test("no attempt starts after the maximum elapsed time", async () => {
  const operation = failing(Infinity);
  const start = performance.now();
  await expect(retry(operation.work, { delayMs: 5, maxElapsedMs: 50 })).rejects.toThrow(/^failure/);
  expect(performance.now() - start).toBeGreaterThan(50);
  expect(operation.calls).toBeGreaterThan(1);
});

test("an error that calls for a longer wait than the maximum is thrown", async () => {
  const operation = failing(5);
  const options: RetryOptions = { delayMs: (attempt) => attempt * 2, maxDelayMs: 4 };
  await expect(retry(operation.work, options)).rejects.toThrow("failure 3");
});

test("the delay depends on the attempt and its error, and each retry is reported before its wait", async () => {
  const operation = failing(2);
  const delays: unknown[] = [];
  const retries: unknown[] = [];
  await retry(operation.work, {
    delayMs: (attempt, error) => {
      delays.push([attempt, (error as Error).message]);
      return attempt;
    },
    onRetry: (error, attempt) => retries.push([attempt, (error as Error).message]),
  });
  expect(delays).toEqual([
    [1, "failure 1"],
    [2, "failure 2"],
  ]);
  expect(retries).toEqual(delays);
});

test("an abort ends the wait, and its reason is thrown", async () => {
  const operation = failing(Infinity);
  const abort = new AbortController();
  const result = retry(operation.work, {
    delayMs: 60_000,
    signal: abort.signal,
    onRetry: () => setTimeout(() => abort.abort(new Error("cancelled")), 1),
  });
  await expect(result).rejects.toThrow("cancelled");
  expect(operation.calls).toBe(1);
});

test("an attempt that fails after the abort is not retried, and the reason of the abort is thrown", async () => {
  const operation = failing(Infinity);
  const signal = AbortSignal.abort(new Error("cancelled"));
  await expect(retry(operation.work, { delayMs: 1, signal })).rejects.toThrow("cancelled");
  expect(operation.calls).toBe(1);
});

test("an abort that allows a final attempt ends the wait, and the error of that attempt is thrown", async () => {
  const operation = failing(Infinity);
  const abort = new AbortController();
  const result = retry(operation.work, {
    delayMs: 60_000,
    signal: abort.signal,
    onAbort: "final-attempt",
    onRetry: () => setTimeout(() => abort.abort(), 1),
  });
  await expect(result).rejects.toThrow("failure 2");
  expect(operation.calls).toBe(2);
});

test("attempts are limited outside of a function call too", async () => {
  const attempts = new Attempts({ delayMs: 1, maxAttempts: 2 });
  await attempts.waitForNext(new Error("first"));
  await expect(attempts.waitForNext(new Error("second"))).rejects.toThrow("second");
});
