import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** By the specification 24 to 64. */
const secretBytes = 32;

/** A new secret to sign callbacks with, as https://www.standardwebhooks.com has it. */
export const newCallbackSecret = (): string => `whsec_${randomBytes(secretBytes).toString("base64")}`;

/** The headers by which a receiver that knows one of the secrets knows the message. */
export function signedHeaders(id: string, at: Date, body: string, secrets: readonly string[]): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" "),
  };
}
