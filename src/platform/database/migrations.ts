import { Initial1764000000000 } from "./migrations/1764000000000-initial";
import { ModelConnections1764100000000 } from "./migrations/1764100000000-model-connections";
import { Documents1764200000000 } from "./migrations/1764200000000-documents";
import { AppLimits1764250000000 } from "./migrations/1764250000000-app-limits";
import { RunClaims1764300000000 } from "./migrations/1764300000000-run-claims";
import { Tools1764400000000 } from "./migrations/1764400000000-tools";
import { Callbacks1764600000000 } from "./migrations/1764600000000-callbacks";
import { ListIndexes1764810000000 } from "./migrations/1764810000000-list-indexes";
import { ServerHolder1764810100000 } from "./migrations/1764810100000-server-holder";
import { RunKeys1764820000000 } from "./migrations/1764820000000-run-keys";
import { Quotas1764830000000 } from "./migrations/1764830000000-quotas";
import { SessionScopes1764840000000 } from "./migrations/1764840000000-session-scopes";
import { ToolServers1764840000001 } from "./migrations/1764840000001-tool-servers";
import { ScopeVersion1764850000000 } from "./migrations/1764850000000-scope-version";
import { RunLanes1764860000000 } from "./migrations/1764860000000-run-lanes";
import { KeyRecords1764871000000 } from "./migrations/1764871000000-key-records";
import { KeyRotation1764872000000 } from "./migrations/1764872000000-key-rotation";
import { ScopeAgents1764873000000 } from "./migrations/1764873000000-scope-agents";
import { AllowedAddresses1764874000000 } from "./migrations/1764874000000-allowed-addresses";
import { KeyCounts1764875000000 } from "./migrations/1764875000000-key-counts";
import { Administrators1764880000000 } from "./migrations/1764880000000-administrators";
import { Audit1764890000000 } from "./migrations/1764890000000-audit";
import { RunLists1764898000000 } from "./migrations/1764898000000-run-lists";
import { ConsoleSessions1764895000000 } from "./migrations/1764895000000-console-sessions";
import { Usage1764897000000 } from "./migrations/1764897000000-usage";
import { Tripwires1764900000000 } from "./migrations/1764900000000-tripwires";
import { RunDocuments1764910000000 } from "./migrations/1764910000000-run-documents";
import { Events1764920000000 } from "./migrations/1764920000000-events";
import { KeySearch1764930000000 } from "./migrations/1764930000000-key-search";
import { DelegatedKeys1764911000000 } from "./migrations/1764911000000-delegated-keys";

/** In the order in which they run. A released migration must not be changed. */
export const migrations = [
  Initial1764000000000,
  ModelConnections1764100000000,
  Documents1764200000000,
  AppLimits1764250000000,
  RunClaims1764300000000,
  Tools1764400000000,
  Callbacks1764600000000,
  ListIndexes1764810000000,
  ServerHolder1764810100000,
  RunKeys1764820000000,
  Quotas1764830000000,
  SessionScopes1764840000000,
  ToolServers1764840000001,
  ScopeVersion1764850000000,
  RunLanes1764860000000,
  KeyRecords1764871000000,
  KeyRotation1764872000000,
  ScopeAgents1764873000000,
  AllowedAddresses1764874000000,
  KeyCounts1764875000000,
  Administrators1764880000000,
  Audit1764890000000,
  ConsoleSessions1764895000000,
  Usage1764897000000,
  RunLists1764898000000,
  Tripwires1764900000000,
  RunDocuments1764910000000,
  DelegatedKeys1764911000000,
  Events1764920000000,
  KeySearch1764930000000,
] as const;
