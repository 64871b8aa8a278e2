import { InputType, ObjectType } from "type-graphql";
import { CountLimit } from "../app/limit-columns";

/** Both what a scope or a key has and what an input gives; an input has only the limits that it changes. */
@ObjectType({
  description:
    "The limits of a key, or those that all keys of a scope share. Null means no limit of its own. The limits of the key, of its scope and of its app all hold, so the narrowest applies.",
})
@InputType("KeyLimitsInput", { description: "A limit that is left out stays as it is; null removes it." })
export class KeyLimits {
  @CountLimit(
    "maxRequestsPerSecond",
    "The number of points per second: one for a request, for each mutation in it, and for each execution. Beyond it requests are refused with RATE_LIMITED.",
    1,
  )
  readonly requestsPerSecond!: number | null;

  @CountLimit(
    "maxRequestBurst",
    "The number of points that may be used at once, if it is more than `requestsPerSecond`. On average no more than `requestsPerSecond` may be used.",
    1,
  )
  readonly requestBurst!: number | null;

  @CountLimit(
    "maxTokensPerDay",
    "The number of tokens, input and output together, that the runs of these keys may use per day in UTC. Once they are used up, executions are refused with LIMIT_REACHED until midnight.",
  )
  readonly tokensPerDay!: number | null;

  @CountLimit(
    "maxRunningRuns",
    "The number of runs of these keys that may be executed concurrently, at least 1. Further runs stay queued.",
    1,
  )
  readonly runsAtOnce!: number | null;
}

export const noKeyLimits: KeyLimits = {
  requestsPerSecond: null,
  requestBurst: null,
  tokensPerDay: null,
  runsAtOnce: null,
};
