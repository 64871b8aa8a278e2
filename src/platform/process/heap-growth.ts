import { setFlagsFromString } from "node:v8";

/** How much the heap may grow beyond what is in use after a collection, before the next one. */
const maxGrowthPercent = 80;

/**
 * Keeps a process that runs for long small. V8 would let its heap grow up to fourfold, as if it had the machine to itself.
 * To be called once everything is loaded: V8 refuses what was compiled earlier, also of Node.js itself, with other options.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${maxGrowthPercent}`);
}
