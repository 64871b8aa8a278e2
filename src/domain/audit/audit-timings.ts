export interface AuditTimings {
  /** After which refusals are written, and heads that have moved are signed. */
  readonly intervalMs: number;
}
