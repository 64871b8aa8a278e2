import type { Signature } from "../../platform/secrets/signing-keys";
import type { AuditEntry } from "./audit-entry.entity";
import { type AuditHead, serverChain, type SignedHead } from "./audit-head.entity";
import { baseOf, type ChainPoint } from "./audit-hash";

type Fields<Row> = { readonly [Name in keyof Row]: Row[Name] extends Date ? string : Row[Name] };

/** The columns of an entry, in the order of an export. */
export const entryColumns = [
  "chainId",
  "sequence",
  "id",
  "at",
  "actorKind",
  "actorId",
  "actorName",
  "action",
  "targetType",
  "targetId",
  "targetName",
  "fieldsBefore",
  "fieldsAfter",
  "occurrences",
  "address",
  "requestId",
  "previousHash",
  "hash",
  "keyId",
  "signature",
] as const satisfies readonly (keyof AuditEntry)[];

export type EntryRecord = { readonly type: "entry" } & Fields<Pick<AuditEntry, (typeof entryColumns)[number]>>;
export type SignedHeadRecord = { readonly type: "signedHead" } & Fields<Omit<SignedHead, "id">>;
/** The point that a chain begins after. */
export type BaseRecord = { readonly type: "chain" } & ChainPoint & Signature;
export type HeadRecord = { readonly type: "head" } & ChainPoint & Signature;

/** A chain: where it begins; its entries, and after an entry the head that was signed there; its head. */
export type ChainRecord = BaseRecord | EntryRecord | SignedHeadRecord | HeadRecord;

export const entryRecord = (entry: AuditEntry): EntryRecord => ({
  type: "entry",
  ...(Object.fromEntries(entryColumns.map((name) => [name, entry[name]])) as Pick<
    AuditEntry,
    (typeof entryColumns)[number]
  >),
  at: entry.at.toISOString(),
});

export const signedHeadRecord = ({ id: _, at, ...head }: SignedHead): SignedHeadRecord => ({
  type: "signedHead",
  ...head,
  at: at.toISOString(),
});

export const baseRecord = (head: AuditHead): BaseRecord => ({ type: "chain", ...baseOf(head) });

export const headRecord = ({ chainId, sequence, hash, keyId, signature }: AuditHead): HeadRecord => ({
  type: "head",
  ...{ chainId, sequence, hash, keyId, signature },
});

export const entryName = (chainId: string, sequence: number): string =>
  `entry #${sequence} of the chain ${chainId === serverChain ? "above apps" : `of the app ${chainId}`}`;
