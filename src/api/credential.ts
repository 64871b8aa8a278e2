import type { IncomingMessage } from "node:http";
import type { Credential } from "../domain/api-key/authenticator";
import { unauthenticated } from "../errors";

/**
 * @returns undefined if the request has no credential
 * @throws UNAUTHENTICATED if it has two credentials, a duplicate header, or one that is empty or malformed
 */
export function credentialOfHeaders({ headersDistinct }: IncomingMessage): Credential | undefined {
  // Node joins or drops duplicate headers in `headers`; `headersDistinct` keeps each value.
  return credentialOf([
    ...(headersDistinct["x-api-key"] ?? []).map((value): [string, unknown] => ["x-api-key", value]),
    ...(headersDistinct["authorization"] ?? []).map((value): [string, unknown] => ["authorization", value]),
  ]);
}

/** Like credentialOfHeaders(), for the payload of `connection_init`, which uses the names of the headers. */
export function credentialOfPayload(payload: Readonly<Record<string, unknown>> = {}): Credential | undefined {
  return credentialOf(
    Object.entries(payload).filter(([name]) => ["x-api-key", "authorization"].includes(name.toLowerCase())),
  );
}

function credentialOf(entries: readonly (readonly [name: string, value: unknown])[]): Credential | undefined {
  const [first, ...more] = entries;
  if (!first) return undefined;
  const [name, value] = first;
  if (more.length > 0 || typeof value !== "string" || value === "") throw unauthenticated();
  if (name.toLowerCase() === "x-api-key") return { kind: "API_KEY", secret: value };

  const [, secret] = /^bearer +(\S+)$/i.exec(value) ?? [];
  if (secret === undefined) throw unauthenticated();
  return { kind: "ADMIN_KEY", secret };
}
