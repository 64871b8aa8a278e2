import { createHash } from "node:crypto";
import type { Signature } from "../../platform/secrets/signing-keys";
import type { AuditEntry } from "./audit-entry.entity";
import type { AuditHead, SignedHead } from "./audit-head.entity";

/** All that the hash of an entry covers. */
export type HashedFields = Pick<
  AuditEntry,
  | "id"
  | "chainId"
  | "sequence"
  | "at"
  | "actorKind"
  | "actorId"
  | "actorName"
  | "action"
  | "targetType"
  | "targetId"
  | "targetName"
  | "fieldsBefore"
  | "fieldsAfter"
  | "occurrences"
  | "address"
  | "requestId"
  | "previousHash"
>;

/** SHA-256 of the fields as a JSON array in this order, in hexadecimal. */
export function hashOf(entry: HashedFields): string {
  const { id, chainId, sequence, at, actorKind, actorId, actorName, action } = entry;
  const { targetType, targetId, targetName, fieldsBefore, fieldsAfter } = entry;
  const { occurrences, address, requestId, previousHash } = entry;
  const fields = [
    ...["latchkey audit 1", id, chainId, sequence, at.toISOString(), actorKind, actorId, actorName, action],
    ...[targetType, targetId, targetName, fieldsBefore, fieldsAfter],
    ...[occurrences, address, requestId, previousHash],
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

/** The previous hash of the first entry of a chain. */
export const genesisOf = (chainId: string): string =>
  createHash("sha256")
    .update(JSON.stringify(["latchkey audit 1", chainId]))
    .digest("hex");

/** A point of a chain. */
export interface ChainPoint {
  readonly chainId: string;
  readonly sequence: number;
  readonly hash: string;
}

/** The texts that are signed. A signature of one kind is worth nothing as one of another kind. */
export const signedTexts = {
  entry: (point: ChainPoint) => textOf("entry", point),
  head: (point: ChainPoint) => textOf("head", point),
  base: (point: ChainPoint) => textOf("base", point),
  signedHead: (head: ChainPoint & Pick<SignedHead, "at">) => textOf("signed head", head, head.at.toISOString()),
  export: (digest: string) => JSON.stringify(["latchkey audit 1", "export", digest]),
} as const;

const textOf = (kind: string, { chainId, sequence, hash }: ChainPoint, ...more: readonly string[]): string =>
  JSON.stringify(["latchkey audit 1", kind, chainId, sequence, hash, ...more]);

export const baseOf = (head: AuditHead): ChainPoint & Signature => ({
  chainId: head.chainId,
  sequence: head.baseSequence,
  hash: head.baseHash,
  keyId: head.baseKeyId,
  signature: head.baseSignature,
});
