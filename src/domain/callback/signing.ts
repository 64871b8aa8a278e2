import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** The specification allows 24 to 64. */
const secretBytes = 32;

/** A secret as https://www.standardwebhooks.com defines it. */
export const newCallbackSecret = (): string => `whsec_${randomBytes(secretBytes).toString("base64")}`;

/** Signs a body with each secret; a receiver accepts it if it knows one of them. */
export function signedHeaders(id: string, at: Date, body: string, secrets: readonly string[]): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" "),
  };
}
