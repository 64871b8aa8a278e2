import { accessOf, opensTo } from "../../support/access-table";
import { type Holder, notFound } from "./fields";
import type { Form, AccessCase } from "./case";

/** An error without its words. */
export interface Fault {
  readonly code: string;
  readonly path?: readonly (string | number)[];
  readonly [more: string]: unknown;
}

export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly Fault[];
}

/** An answer without its words, whichever way it came. */
export interface Answer {
  /** The status of HTTP; over a WebSocket `result`, `refusal`, or what it was closed with. */
  readonly how: number | string;
  readonly results: readonly Result[];
}

/** What the field is called in the answer. */
export const nameOf = (field: string, form: Form): string => (form === "alias" ? `mine_${field}` : field);

/** Whether the scope keeps the operation out, for what the field is that it asks for. */
export const isForbidden = ({ field, form }: AccessCase, { permissions }: Holder): boolean =>
  form !== "excluded" && !opensTo(permissions, accessOf(field.coordinate));

/**
 * What must be answered, from the table that people write and from nothing of the server.
 *
 * @param holder whose key it is; the app of a key that is `other app's` is not the one that it asks about
 */
export function expected(trial: AccessCase, holder: Holder | undefined): Answer {
  const { credential, field, transport, form } = trial;
  const isSocket = transport === "WebSocket";
  const refused = (status: number, fault: Fault): Answer => ({
    how: isSocket ? "refusal" : status,
    results: [{ errors: [fault] }],
  });

  if (credential !== "valid" && credential !== "other app's") {
    if (isSocket) return { how: "closed with 4401", results: [] };
    const reason = credential === "revoked" && { reason: "KEY_REVOKED" };
    return refused(401, { code: "UNAUTHENTICATED", ...reason });
  }
  if (!holder) throw new Error("A valid key has a holder");

  if (transport === "GET" && field.kind !== "query") return refused(405, { code: "BAD_REQUEST" });
  const invalid = transport === "SSE" ? 400 : 200;
  if (field.kind === "subscription") {
    // Its one field stands alone, and under no condition.
    if (form === "included" || form === "excluded" || form === "beside") {
      return refused(invalid, { code: "GRAPHQL_VALIDATION_FAILED" });
    }
    if (transport === "POST" || transport === "multipart") return refused(405, { code: "BAD_USER_INPUT" });
  }

  const path = [nameOf(field.name, form)];
  const { permissions: granted } = holder;
  if (isForbidden(trial, holder)) {
    return refused(403, { code: "FORBIDDEN", path, required: accessOf(field.coordinate).required, granted });
  }
  if (field.name === "uploadDocument" && transport !== "multipart") return refused(invalid, { code: "BAD_USER_INPUT" });
  return { how: isSocket ? "result" : 200, results: letIn(trial, holder, path[0] ?? "") };
}

function letIn({ credential, field, transport, form }: AccessCase, holder: Holder, name: string): Result[] {
  const type = `${field.kind[0]?.toUpperCase() ?? ""}${field.kind.slice(1)}`;
  const beside = form === "beside" ? { __typename: type } : {};
  if (form === "excluded") return [{ data: {} }];
  if (!field.told)
    throw new Error(`The table lets a key in to ${field.coordinate}, and nothing is known of its answer`);

  const told = field.told(holder, credential === "valid");
  if (told === notFound) {
    const errors = [{ code: "NOT_FOUND", path: [name] }];
    // Of a subscription that does not begin there is no data, but that clients of SSE want some.
    return field.kind === "subscription" && transport === "WebSocket" ? [{ errors }] : [{ data: null, errors }];
  }
  const values = field.kind === "subscription" ? (told as unknown[]) : [told];
  return values.map((value) => ({ data: { ...beside, [name]: value } }));
}
