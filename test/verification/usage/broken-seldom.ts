import { productionTimings } from "../../../src/timings";

/** When loaded before the server, makes it write usage less often than it says. */
Object.assign(productionTimings.usage, { flushIntervalMs: 60_000 });
