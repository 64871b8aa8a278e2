import { createHash } from "node:crypto";

/** The fields of something as the audit log shows them. They never have a secret, not even an encrypted one. */
export type AuditedFields = Readonly<Record<string, unknown>>;

export interface AuditedChange {
  readonly before?: AuditedFields | null;
  readonly after?: AuditedFields | null;
}

/** Longer texts, such as the instructions of agents, and longer lists are represented by their hash. */
const maxTextChars = 1_000;
const maxJsonChars = 8_000;

/** The fields of a change as JSON: of an update only those that differ. */
export function jsonOf({ before = null, after = null }: AuditedChange): {
  fieldsBefore: string | null;
  fieldsAfter: string | null;
} {
  const [old, recent] = [shortened(before), shortened(after)];
  if (old === null || recent === null) return { fieldsBefore: textOf(old), fieldsAfter: textOf(recent) };
  const changed = Object.keys({ ...old, ...recent }).filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(recent[name]),
  );
  const only = (fields: AuditedFields) => Object.fromEntries(changed.map((name) => [name, fields[name] ?? null]));
  return { fieldsBefore: textOf(only(old)), fieldsAfter: textOf(only(recent)) };
}

const shortened = (fields: AuditedFields | null): AuditedFields | null =>
  fields && Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shortenedValue(value)]));

function shortenedValue(value: unknown): unknown {
  if (typeof value === "string")
    return value.length <= maxTextChars ? value : { chars: value.length, sha256: sha256Of(value) };
  if (typeof value !== "object" || value === null) return value;
  const json = JSON.stringify(value);
  if (json.length <= maxJsonChars) return value;
  return { ...(Array.isArray(value) && { items: value.length }), sha256: sha256Of(json) };
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

const textOf = (fields: AuditedFields | null): string | null =>
  fields && JSON.stringify(fields, (_, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value));

/** Says of an encrypted secret whether there is one, and by a part of a hash whether it is another one. */
export const auditedSecret = (sealed: string | null): string | null =>
  sealed && `encrypted ${sha256Of(sealed).slice(0, 8)}`;
