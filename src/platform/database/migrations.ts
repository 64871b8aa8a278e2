import { Initial1764000000000 } from "./migrations/1764000000000-initial";
import { ModelConnections1764100000000 } from "./migrations/1764100000000-model-connections";
import { Documents1764200000000 } from "./migrations/1764200000000-documents";
import { AppLimits1764250000000 } from "./migrations/1764250000000-app-limits";
import { RunClaims1764300000000 } from "./migrations/1764300000000-run-claims";
import { Tools1764400000000 } from "./migrations/1764400000000-tools";
import { Callbacks1764600000000 } from "./migrations/1764600000000-callbacks";

/** In the order in which they run. A released migration must not be changed. */
export const migrations = [
  Initial1764000000000,
  ModelConnections1764100000000,
  Documents1764200000000,
  AppLimits1764250000000,
  RunClaims1764300000000,
  Tools1764400000000,
  Callbacks1764600000000,
] as const;
