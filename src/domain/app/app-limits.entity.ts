import { InputType, ObjectType } from "type-graphql";
import { ByteLimit, CountLimit } from "./limit-columns";

/** Both what an app has and what an input gives. */
@ObjectType()
@InputType()
abstract class LimitColumns {
  @CountLimit(
    "maxRunningRuns",
    "The number of runs that may be executed concurrently, at least 1. Further runs stay queued.",
    1,
  )
  readonly runsAtOnce!: number | null;

  @CountLimit(
    "maxQueuedRuns",
    "The number of runs that may be queued. An execution beyond it is refused with LIMIT_REACHED.",
  )
  readonly queuedRuns!: number | null;

  @CountLimit(
    "maxTokensPerDay",
    "The number of tokens, input and output together, that models may use per day in UTC. Once they are used up, executions are refused with LIMIT_REACHED until midnight; runs that were accepted before are still executed.",
  )
  readonly tokensPerDay!: number | null;

  @CountLimit("maxSessions", "The number of active sessions. Terminating a session makes room.")
  readonly sessions!: number | null;

  @CountLimit("maxDocuments", "The number of documents in all sessions.")
  readonly documents!: number | null;

  @ByteLimit("maxDocumentBytes", "The size of all documents together.")
  readonly documentBytes!: number | null;

  @CountLimit("maxAgents", "The number of agents.")
  readonly agents!: number | null;

  @CountLimit("maxScopes", "The number of scopes.")
  readonly scopes!: number | null;

  @CountLimit(
    "maxKeysPerScope",
    "The number of active API keys of a scope. A rotation is never refused: both keys count until the overlap is over.",
  )
  readonly keysPerScope!: number | null;

  @ByteLimit(
    "maxMessageBytes",
    "The size of all messages and of all runs with their events. An execution is refused once it is reached; retention makes room.",
  )
  readonly messageBytes!: number | null;

  @CountLimit("maxOpenStreams", "The number of streams that may be open concurrently, on each instance.")
  readonly openStreams!: number | null;

  @CountLimit(
    "maxWaitingExecutions",
    "The number of executions that may wait for their runs concurrently, on each instance.",
  )
  readonly waitingExecutions!: number | null;

  @CountLimit("maxPendingCallbacks", "The number of callbacks that are not delivered yet.")
  readonly pendingCallbacks!: number | null;

  @CountLimit("maxCallbackHosts", "The number of hosts that have callbacks which are not delivered yet.")
  readonly callbackHosts!: number | null;

  @CountLimit(
    "maxRequestsPerSecond",
    "The number of points that the app may use per second: one for a request, for each mutation in it, and for each execution. Beyond it requests are refused with RATE_LIMITED.",
    1,
  )
  readonly requestsPerSecond!: number | null;

  @CountLimit(
    "maxRequestBurst",
    "The number of points that may be used at once, if it is more than `requestsPerSecond`. On average no more than `requestsPerSecond` may be used.",
    1,
  )
  readonly requestBurst!: number | null;
}

@ObjectType({
  description:
    "The limits that all keys of an app share. Null means no limit. What exceeds a limit is refused with LIMIT_REACHED, whose extensions have the `limit`, its `max` and what is `used`.",
})
export class AppLimits extends LimitColumns {}

/** It has only the limits that it changes. */
@InputType({ description: "A limit that is left out stays as it is; null removes it." })
export class AppLimitsInput extends LimitColumns {}

/** The limits of a new app. They keep one app from filling the server, and are far above what apps usually need. */
export const defaultAppLimits: AppLimits = {
  runsAtOnce: null,
  queuedRuns: null,
  tokensPerDay: null,
  sessions: 1_000_000,
  documents: 100_000,
  documentBytes: 100_000_000_000,
  agents: 10_000,
  scopes: 100,
  keysPerScope: 1_000,
  messageBytes: 100_000_000_000,
  openStreams: 5_000,
  waitingExecutions: 5_000,
  pendingCallbacks: 10_000,
  callbackHosts: 200,
  requestsPerSecond: null,
  requestBurst: null,
};
