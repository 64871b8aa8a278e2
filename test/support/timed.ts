/** Two seconds, and what a busy machine may take for itself. In milliseconds. */
export const soon = 2_500;

/** What work gives, and how long it took, in milliseconds. */
export async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; took: number }> {
  const begun = performance.now();
  const result = await work;
  return { result, took: performance.now() - begun };
}
