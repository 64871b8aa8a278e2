const maxDepth = 10;

/** An error, its cause, the cause of that, and so on; at most 10, as a chain may be a circle. */
export function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each != null && chain.length < maxDepth; each = (each as { cause?: unknown }).cause)
    chain.push(each);
  return chain;
}
