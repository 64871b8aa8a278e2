import { execFileSync } from "node:child_process";
import { join } from "node:path";

const built = join(__dirname, "../../../dist/src/platform/process/heap-growth.js");

/** Keeps some objects, makes others that soon become garbage, and prints how many times that the heap had at most. */
const program = `
  const objects = () => Array.from({ length: 10_000 }, (_, i) => ({ i, list: [i] }));
  const kept = Array.from({ length: 60 }, objects);
  let peakBytes = 0;
  for (let i = 0; i < 600; i++) {
    kept[i % 20] = objects();
    peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed);
  }
  gc();
  console.log(peakBytes / process.memoryUsage().heapUsed, kept.length);
`;

/** With a single thread, so that the heap does not grow while a collection waits for a processor. */
const peakOf = (code: string): number =>
  parseFloat(
    execFileSync(process.execPath, ["--single-threaded", "--expose-gc", "--eval", code], { encoding: "utf8" }),
  );

test("the heap of a process whose growth is limited has at most three quarters of what it would have", () => {
  const limited = peakOf(`require(${JSON.stringify(built)}).limitHeapGrowth(); ${program}`);
  expect(limited / peakOf(program)).toBeLessThan(0.75);
});
