export interface RunTimings {
  /** Polling interval for runs and their events; used if a notification was lost, and to retry a failed statement. */
  readonly pollIntervalMs: number;
  /** Interval in which a process of several checks that its running runs still belong to it. */
  readonly ownershipCheckIntervalMs: number;
}
