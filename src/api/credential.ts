import type { IncomingMessage } from "node:http";
import type { Credential } from "../domain/api-key/authenticator";
import { unauthenticated } from "../errors";

/**
 * The one credential of a request; undefined where it has none.
 *
 * @throws UNAUTHENTICATED where there are two, one twice, or one that is empty or malformed
 */
export function credentialOfHeaders({ headersDistinct }: IncomingMessage): Credential | undefined {
  // Node joins or drops headers that come twice; here each of them counts.
  return credentialOf([
    ...(headersDistinct["x-api-key"] ?? []).map((value): [string, unknown] => ["x-api-key", value]),
    ...(headersDistinct["authorization"] ?? []).map((value): [string, unknown] => ["authorization", value]),
  ]);
}

/** The same for what a WebSocket sends with `connection_init`, under the headers' names. */
export function credentialOfPayload(payload: Readonly<Record<string, unknown>> = {}): Credential | undefined {
  return credentialOf(
    Object.entries(payload).filter(([name]) => ["x-api-key", "authorization"].includes(name.toLowerCase())),
  );
}

function credentialOf(given: readonly (readonly [name: string, value: unknown])[]): Credential | undefined {
  const [first, ...more] = given;
  if (!first) return undefined;
  const [name, value] = first;
  if (more.length > 0 || typeof value !== "string" || value === "") throw unauthenticated();
  if (name.toLowerCase() === "x-api-key") return { kind: "API_KEY", secret: value };

  const [, secret] = /^bearer +(\S+)$/i.exec(value) ?? [];
  if (secret === undefined) throw unauthenticated();
  return { kind: "ADMIN_KEY", secret };
}
