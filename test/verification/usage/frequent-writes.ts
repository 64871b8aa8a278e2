import { productionTimings } from "../../../src/timings";
import { writeIntervalMs } from "./write-interval";

/** When loaded before the server, makes it write usage more often than once a minute, so that a trial takes seconds. */
Object.assign(productionTimings.usage, { flushIntervalMs: writeIntervalMs });
