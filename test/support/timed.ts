/** Two seconds and a tolerance for a busy machine, in milliseconds. */
export const soon = 2_500;

/** @returns the result, and the duration in milliseconds */
export async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; took: number }> {
  const startedAt = performance.now();
  const result = await work;
  return { result, took: performance.now() - startedAt };
}
