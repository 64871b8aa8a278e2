import type { AppLimitFieldsFragment } from "./operations.generated";

export type AppLimit = keyof AppLimitFieldsFragment;

/** The limits of an app in groups, each with its name. */
export const limitGroups: readonly {
  readonly title: string;
  readonly limits: readonly (readonly [AppLimit, string])[];
}[] = [
  {
    title: "Requests",
    limits: [
      ["requestsPerSecond", "Points per second"],
      ["requestBurst", "Points at once"],
      ["openStreams", "Open streams, on each server"],
      ["waitingExecutions", "Waiting executions, on each server"],
    ],
  },
  {
    title: "Runs",
    limits: [
      ["runsAtOnce", "Runs at once"],
      ["queuedRuns", "Queued runs"],
      ["tokensPerDay", "Tokens per day (UTC)"],
      ["pendingCallbacks", "Pending callbacks"],
      ["callbackHosts", "Callback hosts"],
    ],
  },
  {
    title: "Storage",
    limits: [
      ["sessions", "Active sessions"],
      ["documents", "Documents"],
      ["documentBytes", "Bytes of documents"],
      ["messageBytes", "Bytes of messages and runs"],
    ],
  },
  {
    title: "Objects",
    limits: [
      ["agents", "Agents"],
      ["scopes", "Scopes"],
      ["keysPerScope", "Active keys of a scope"],
    ],
  },
];
