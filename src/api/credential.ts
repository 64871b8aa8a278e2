import type { IncomingMessage } from "node:http";
import type { Credential } from "../domain/api-key/authenticator";
import { isMarkedAsAdministrator, isMarkedAsSecret, isQuoted } from "../domain/api-key/secret";
import { malformedCredential } from "../errors";

/** The headers that carry a credential, and the names in the payload of `connection_init`. */
export const credentialHeaders = ["x-api-key", "authorization"] as const;

/**
 * @returns undefined if the request has no credential; an empty header is none
 * @throws UNAUTHENTICATED if it has credentials that differ, or one that is malformed
 */
export function credentialOfHeaders({ headersDistinct }: IncomingMessage): Credential | undefined {
  // Node joins or drops duplicate headers in `headers`; `headersDistinct` keeps each value.
  return credentialOf(
    credentialHeaders.flatMap((name) => (headersDistinct[name] ?? []).map((value): [string, unknown] => [name, value])),
  );
}

/** Like credentialOfHeaders(), for the payload of `connection_init`, which uses the names of the headers. */
export function credentialOfPayload(payload: Readonly<Record<string, unknown>> = {}): Credential | undefined {
  return credentialOf(
    Object.entries(payload).filter(([name]) => credentialHeaders.some((header) => header === name.toLowerCase())),
  );
}

/** A credential that somebody has typed or pasted. @throws UNAUTHENTICATED if it is malformed */
export const credentialOfText = (text: string): Credential => parse("authorization", `Bearer ${text}`);

/** @throws UNAUTHENTICATED if there is none, or if they differ */
export function theOnly(...credentials: readonly (Credential | undefined)[]): Credential {
  const [first, ...more] = credentials.filter((each) => each !== undefined);
  if (!first) throw malformedCredential("NO_CREDENTIAL");
  if (more.some(({ kind, secret }) => kind !== first.kind || secret !== first.secret))
    throw malformedCredential("SEVERAL_CREDENTIALS");
  return first;
}

function credentialOf(entries: readonly (readonly [name: string, value: unknown])[]): Credential | undefined {
  const given = entries.flatMap(([name, value]) => separated(name.toLowerCase(), value));
  return given.length === 0 ? undefined : theOnly(...given.map(([name, value]) => parse(name, value)));
}

/** A proxy may join the values of a header that comes twice. A header that is empty is none. */
function separated(name: string, value: unknown): [name: string, value: unknown][] {
  if (typeof value !== "string") return value == null ? [] : [[name, value]];
  const parts = value.split(",").map((part) => part.trim());
  const isWhole = (part: string) => (name === "x-api-key" ? isMarkedAsSecret(part) : /^bearer /i.test(part));
  if (parts.length > 1 && parts.every(isWhole)) return parts.map((part) => [name, part]);
  return value.trim() === "" ? [] : [[name, value]];
}

/** Looks at the form alone, so that the answer does not disclose whether it is a valid credential. */
function parse(name: string, value: unknown): Credential {
  const isKeyHeader = name === "x-api-key";
  if (typeof value !== "string") throw malformedCredential(isKeyHeader ? "WRONG_HEADER" : "WRONG_SCHEME");
  if (/[\r\n]/.test(value)) throw malformedCredential("LINE_BREAK");
  const text = value.trim();
  if (isQuoted(text)) throw malformedCredential("QUOTED");
  if (isKeyHeader && !isMarkedAsSecret(text)) throw malformedCredential("WRONG_HEADER");
  const secret = isKeyHeader ? text : /^bearer +(\S.*)$/i.exec(text)?.[1];
  if (secret === undefined) throw malformedCredential("WRONG_SCHEME");
  if (/\s/.test(secret)) throw malformedCredential("WHITE_SPACE");
  if (isMarkedAsAdministrator(secret)) return { kind: "ADMINISTRATOR_KEY", secret };
  if (isMarkedAsSecret(secret)) return { kind: "API_KEY", secret };
  return { kind: isToken(secret) ? "TOKEN" : "ADMIN_KEY", secret };
}

/** Whether a text has the form of a JSON Web Token: three parts in base64url, the first of which is a JSON object. */
const isToken = (text: string): boolean => /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text);
