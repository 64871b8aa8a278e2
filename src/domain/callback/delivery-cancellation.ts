/** The changes that cancel a delivery. An attempt in progress loses its claim, so its result is not recorded. */
export const cancellation = {
  status: "CANCELLED",
  version: () => "version + 1",
  begunAt: () => "COALESCE(begunAt, createdAt)",
  dueAt: null,
  claimedAt: null,
} as const;
