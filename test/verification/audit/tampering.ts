import { chainOf, headOf, rehash, remove, type Row, type StoredLog } from "./stored-log";

/** One way to tamper with a chain in the database. */
export interface Tampering {
  readonly name: string;
  /** Tampers at an entry. @returns the number of the entry that the verification must name, if it is another one */
  apply(log: StoredLog, chainId: string, at: number): number | undefined;
}

const entryAt = (log: StoredLog, chainId: string, at: number): Row => {
  const row = chainOf(log, chainId)[at - 1];
  if (!row) throw new Error(`The chain has no entry #${at}`);
  return row;
};

const forged = (row: Row): Row => ({ ...row, id: `${String(row["id"]).slice(0, -4)}ffff`, actorName: "nobody" });

const cutOff = (log: StoredLog, chainId: string, at: number): void =>
  remove(log.audit_entry, (row) => row.chainId === chainId && row.sequence >= at);

const forgetSigned = (log: StoredLog, chainId: string, at: number): void =>
  remove(log.audit_signed_head, (row) => row.chainId === chainId && row.sequence >= at);

/** Makes an earlier entry the end of the chain, with a signature of another kind that there is of this point. */
function pretendEnd(log: StoredLog, chainId: string, last: number): void {
  const { sequence, hash, keyId, signature } = entryAt(log, chainId, last);
  Object.assign(headOf(log, chainId), { sequence, hash, keyId, signature });
}

export const tamperings: readonly Tampering[] = [
  {
    name: "changed",
    apply(log, chainId, at) {
      entryAt(log, chainId, at)["actorName"] = "nobody";
      return undefined;
    },
  },
  {
    name: "fields changed",
    apply(log, chainId, at) {
      entryAt(log, chainId, at)["fieldsAfter"] = '{"agents":"NONE"}';
      return undefined;
    },
  },
  {
    name: "changed, all hashes computed again",
    apply(log, chainId, at) {
      entryAt(log, chainId, at)["targetName"] = "another";
      rehash(log, chainId, chainOf(log, chainId));
      return undefined;
    },
  },
  {
    name: "removed",
    apply(log, chainId, at) {
      remove(log.audit_entry, (row) => row.chainId === chainId && row.sequence === at);
      return undefined;
    },
  },
  {
    name: "removed, all hashes computed again",
    apply(log, chainId, at) {
      remove(log.audit_entry, (row) => row.chainId === chainId && row.sequence === at);
      rehash(log, chainId, chainOf(log, chainId));
      return undefined;
    },
  },
  {
    name: "inserted, all hashes computed again",
    apply(log, chainId, at) {
      const chain = chainOf(log, chainId);
      const row = forged(entryAt(log, chainId, at));
      chain.splice(at - 1, 0, row);
      log.audit_entry.push(row);
      rehash(log, chainId, chain);
      return undefined;
    },
  },
  {
    name: "inserted at the end",
    apply(log, chainId) {
      const chain = chainOf(log, chainId);
      const row = forged(entryAt(log, chainId, chain.length));
      chain.push(row);
      log.audit_entry.push(row);
      rehash(log, chainId, chain);
      return chain.length;
    },
  },
  {
    name: "swapped",
    apply(log, chainId, at) {
      const [one, other] = [entryAt(log, chainId, at), entryAt(log, chainId, at + 1)];
      [one.sequence, other.sequence] = [other.sequence, one.sequence];
      return undefined;
    },
  },
  {
    name: "swapped, all hashes computed again",
    apply(log, chainId, at) {
      const chain = chainOf(log, chainId);
      const [one, other] = [entryAt(log, chainId, at), entryAt(log, chainId, at + 1)];
      chain.splice(at - 1, 2, other, one);
      rehash(log, chainId, chain);
      return undefined;
    },
  },
  {
    name: "cut off",
    apply(log, chainId, at) {
      cutOff(log, chainId, at);
      return undefined;
    },
  },
  {
    name: "cut off, and the head moved back",
    apply(log, chainId, at) {
      cutOff(log, chainId, at);
      pretendEnd(log, chainId, at - 1);
      return undefined;
    },
  },
  {
    name: "cut off, the head moved back, signed heads removed",
    apply(log, chainId, at) {
      cutOff(log, chainId, at);
      forgetSigned(log, chainId, at);
      pretendEnd(log, chainId, at - 1);
      return undefined;
    },
  },
  {
    name: "beginning cut off",
    apply(log, chainId, at) {
      const { hash, signature } = entryAt(log, chainId, at - 1);
      remove(log.audit_entry, (row) => row.chainId === chainId && row.sequence < at);
      Object.assign(headOf(log, chainId), { baseSequence: at - 1, baseHash: hash, baseSignature: signature });
      return 1;
    },
  },
  {
    name: "chain removed",
    apply(log, chainId) {
      for (const rows of Object.values(log) as Row[][]) remove(rows, (row) => row.chainId === chainId);
      return 1;
    },
  },
  {
    name: "head removed",
    apply(log, chainId) {
      remove(log.audit_head, (row) => row.chainId === chainId);
      return 1;
    },
  },
  {
    name: "signed head changed",
    apply(log, chainId) {
      const head = log.audit_signed_head.find((row) => row.chainId === chainId);
      if (!head) throw new Error("There is no signed head to change");
      head["hash"] = "0".repeat(64);
      return head.sequence;
    },
  },
];

/** One way to tamper with the lines of an exported file. */
export interface FileTampering {
  readonly name: string;
  /** @param at the line of an entry @returns the lines, and the name of what the verification must name if it is no entry */
  apply(lines: readonly string[], at: number): { lines: string[]; expected?: string; next?: true };
}

export const fileTamperings: readonly FileTampering[] = [
  {
    name: "file: changed",
    apply: (lines, at) => ({
      lines: lines.map((line, i) => (i === at ? line.replace('"occurrences":1', '"occurrences":2') : line)),
    }),
  },
  { name: "file: removed", apply: (lines, at) => ({ lines: lines.filter((_, i) => i !== at) }) },
  {
    name: "file: inserted",
    apply: (lines, at) => ({ lines: [...lines.slice(0, at + 1), lines[at] ?? "", ...lines.slice(at + 1)], next: true }),
  },
  {
    name: "file: swapped",
    apply: (lines, at) => ({
      lines: [...lines.slice(0, at), lines[at + 1] ?? "", lines[at] ?? "", ...lines.slice(at + 2)],
    }),
  },
  { name: "file: cut off", apply: (lines, at) => ({ lines: lines.slice(0, at) }) },
  {
    name: "file: end removed",
    apply: (lines) => ({ lines: lines.slice(0, -1), expected: "the file: its end was cut off" }),
  },
  {
    name: "file: time of the export changed",
    apply: (lines) => ({
      lines: lines.map((line, i) => (i === 0 ? line.replace(/"exportedAt":"2/, '"exportedAt":"3') : line)),
      expected: "the file: a line was changed, added or removed",
    }),
  },
];
