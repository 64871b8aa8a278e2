import { accessOf, opensTo } from "../../support/access-table";
import type { AccessCase, Credential, Form } from "./case";
import { confinementOf, findsOwn, isRefusedHere, ownAddress } from "./confinement";
import { type Holder, notFound, type Resources } from "./fields";

/** An error without its message. */
export interface ErrorCode {
  readonly code: string;
  readonly path?: readonly (string | number)[];
  readonly [more: string]: unknown;
}

export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly ErrorCode[];
}

/** A response of any transport, without messages. */
export interface Answer {
  /** The HTTP status; over a WebSocket `result`, `refusal`, or the code that it was closed with. */
  readonly how: number | string;
  readonly results: readonly Result[];
}

export const responseKeyOf = (field: string, form: Form): string => (form === "alias" ? `mine_${field}` : field);

/** Whether the scope or the role denies the field. */
export function isForbidden({ field, form }: AccessCase, { permissions, role, confinement }: Holder): boolean {
  if (form === "excluded") return false;
  const entry = accessOf(field.coordinate);
  if (role) return !entry.opens.has(role);
  const isOnAll = confinement === undefined || confinement.agents === "ALL";
  return !opensTo(permissions, entry) || (entry.required.endsWith(" on ALL") && !isOnAll);
}

/** Whether there is such a key or administrator, wherever it may be used from. */
export const isKnown = (credential: Credential): boolean =>
  ["valid", "other app", "administrator", "console session", "confined"].includes(credential);

const isFromForeignAddress = ({ credential, scope }: AccessCase): boolean =>
  credential === "confined" && isRefusedHere(confinementOf(scope));

/** Whether the server accepts the credential. */
export const isAccepted = (accessCase: AccessCase): boolean =>
  isKnown(accessCase.credential) && !isFromForeignAddress(accessCase);

/** Whether the caller finds the object of a kind that the operation names. */
export function finds({ credential }: AccessCase, { confinement }: Holder, kind: keyof Resources): boolean {
  if (credential === "other app") return false;
  return confinement === undefined || findsOwn(confinement, kind);
}

/** A key that the server does not know has no reason, so that nobody learns which keys exist. */
const reasons: Partial<Record<Credential, string>> = {
  revoked: "KEY_REVOKED",
  malformed: "KEY_CHECKSUM",
  none: "NO_CREDENTIAL",
  "console session at the API": "NO_CREDENTIAL",
};

/** The correct response, derived from the hand-written access table and not from the server's code. */
export function expectedAnswer(accessCase: AccessCase, holder: Holder | undefined): Answer {
  const { credential, field, transport, form } = accessCase;
  const isSocket = transport === "WebSocket";
  const refused = (status: number, error: ErrorCode): Answer => ({
    how: isSocket ? "refusal" : status,
    results: [{ errors: [error] }],
  });

  if (isFromForeignAddress(accessCase)) {
    if (isSocket) return { how: "closed with 4403", results: [] };
    return refused(403, { code: "FORBIDDEN", reason: "ADDRESS", address: ownAddress });
  }
  if (credential === "console session from another page") return refused(403, { code: "FORBIDDEN", reason: "ORIGIN" });
  if (!isKnown(credential)) {
    if (isSocket) return { how: "closed with 4401", results: [] };
    const reason = reasons[credential];
    return refused(401, { code: "UNAUTHENTICATED", ...(reason && { reason }) });
  }
  if (!holder) throw new Error("A valid key has a holder");

  if (transport === "GET" && field.kind !== "query") return refused(405, { code: "BAD_REQUEST" });
  const invalidStatus = transport === "SSE" ? 400 : 200;
  if (field.kind === "subscription") {
    // A subscription has exactly one root field, without conditions.
    if (form === "included" || form === "excluded" || form === "combined") {
      return refused(invalidStatus, { code: "GRAPHQL_VALIDATION_FAILED" });
    }
    if (transport === "POST" || transport === "multipart") return refused(405, { code: "BAD_USER_INPUT" });
  }

  const path = [responseKeyOf(field.name, form)];
  const { permissions: granted } = holder;
  if (isForbidden(accessCase, holder)) {
    const { required, described } = accessOf(field.coordinate);
    return refused(403, { code: "FORBIDDEN", path, required: holder.role ? described : required, granted });
  }
  if (field.name === "uploadDocument" && transport !== "multipart")
    return refused(invalidStatus, { code: "BAD_USER_INPUT" });
  return { how: isSocket ? "result" : 200, results: permitted(accessCase, holder, path[0] ?? "") };
}

function permitted(accessCase: AccessCase, holder: Holder, key: string): Result[] {
  const { field, transport, form } = accessCase;
  const type = `${field.kind[0]?.toUpperCase() ?? ""}${field.kind.slice(1)}`;
  const typename = form === "combined" ? { __typename: type } : {};
  if (form === "excluded") return [{ data: {} }];
  if (!field.expected)
    throw new Error(
      `The access table permits ${field.coordinate} to a key, but fields.ts has no expected value for it`,
    );

  const expected = field.expected(holder, (kind) => finds(accessCase, holder, kind));
  if (expected === notFound) {
    const errors = [{ code: "NOT_FOUND", path: [key] }];
    // A subscription that fails to start has no data, except over SSE, whose clients require it.
    return field.kind === "subscription" && transport === "WebSocket" ? [{ errors }] : [{ data: null, errors }];
  }
  const values = field.kind === "subscription" ? (expected as unknown[]) : [expected];
  return values.map((value) => ({ data: { ...typename, [key]: value } }));
}
