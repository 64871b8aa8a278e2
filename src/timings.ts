import type { StreamTimings } from "./api/streams/heartbeat";
import type { AuditTimings } from "./domain/audit/audit-timings";
import type { CallbackTimings } from "./domain/callback/retry-schedule";
import type { EventTimings } from "./domain/event/limit-watch";
import type { DocumentTimings } from "./domain/document/document-processor";
import type { RunTimings } from "./domain/run/execution/run-timings";
import type { UsageTimings } from "./domain/usage/usage-collector";
import type { ModelTimings } from "./model/provider-model";
import type { ToolTimings } from "./model/tools/mcp-server";
import type { InstanceTimings } from "./platform/instance/instance";

/** The times that a process waits for by itself. Tests hand in smaller ones. */
export interface Timings {
  readonly instance: InstanceTimings;
  readonly documents: DocumentTimings;
  readonly runs: RunTimings;
  readonly callbacks: CallbackTimings;
  readonly streams: StreamTimings;
  readonly models: ModelTimings;
  readonly tools: ToolTimings;
  readonly usage: UsageTimings;
  readonly audit: AuditTimings;
  readonly events: EventTimings;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export const productionTimings: Timings = {
  instance: {
    heartbeatIntervalMs: 2 * second,
    deadAfterMs: 12 * second,
    selfLostAfterMs: 10 * second,
    takeoverRetryMs: second,
  },
  documents: {
    uploadWaitMs: second,
  },
  runs: {
    pollIntervalMs: second,
    ownershipCheckIntervalMs: 500,
  },
  callbacks: {
    pollIntervalMs: second,
    leaseMs: 45 * second,
    attemptTimeoutMs: 15 * second,
    shutdownGraceMs: 3 * second,
    retryDelaysMs: [5 * second, 30 * second, 2 * minute, 10 * minute, hour, 2 * hour, 4 * hour],
    retryWindowMs: 24 * hour,
  },
  streams: {
    heartbeatIntervalMs: 15 * second,
    reauthorizationIntervalMs: 500,
  },
  models: {
    firstRetryDelayMs: 500,
  },
  tools: {
    openTimeoutMs: 10 * second,
    callTimeoutMs: 30 * second,
    closeTimeoutMs: 2 * second,
  },
  usage: {
    flushIntervalMs: minute,
  },
  audit: {
    intervalMs: minute,
  },
  events: {
    limitIntervalMs: minute,
  },
};
