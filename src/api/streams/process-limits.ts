import type { Limits } from "../../config";
import { SharedLimit } from "../../platform/process/shared-limit";

/** The objects that all requests and connections of this process share. */
export interface ProcessLimits {
  readonly subscriptions: SharedLimit;
  readonly uploads: SharedLimit;
  /** Bytes of the bodies that are being received, and of the requests that are being answered. */
  readonly requestBytes: SharedLimit;
  /** Bytes that were written for clients and that these have not read yet. */
  readonly unreadBytes: SharedLimit;
}

export const createProcessLimits = (limits: Limits): ProcessLimits => ({
  subscriptions: new SharedLimit(
    { name: "subscriptions", noun: "open subscriptions", remedy: "Close one, and subscribe again." },
    limits.maxSubscriptions,
  ),
  uploads: new SharedLimit(
    { name: "uploads", noun: "uploads", remedy: "Upload the document again when another upload has ended." },
    limits.maxUploads,
  ),
  requestBytes: new SharedLimit(
    { name: "requestBytes", noun: "bytes of requests", remedy: "Send the request again when others are answered." },
    limits.maxWaitingBytes,
  ),
  unreadBytes: new SharedLimit(
    {
      name: "unreadBytes",
      noun: "bytes of answers that were not read yet",
      remedy: "Read the answers of this server faster, or ask for less at a time.",
    },
    limits.maxWaitingBytes,
  ),
});
