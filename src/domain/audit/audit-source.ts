import { Between, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { AuditEntry } from "./audit-entry.entity";
import { AuditHead, SignedHead } from "./audit-head.entity";
import {
  baseRecord,
  type ChainRecord,
  type EntryRecord,
  entryRecord,
  headRecord,
  signedHeadRecord,
} from "./audit-records";

/** Entries per query. */
const batchSize = 500;

/** Reads chains from the database, while others may append to them. */
export class AuditSource {
  constructor(private readonly db: Pick<Database, "read">) {}

  headOf(chainId: string): Promise<AuditHead | null> {
    return this.db.read.findOneBy(AuditHead, { chainId });
  }

  /** The ids of all chains that have a head or entries. */
  async *chainIds(): AsyncGenerator<string> {
    let last = "";
    for (;;) {
      const next = await this.nextChainId(last);
      if (next === undefined) return;
      yield next;
      last = next;
    }
  }

  private async nextChainId(last: string): Promise<string | undefined> {
    const where = { chainId: MoreThan(last) };
    const order = { chainId: "ASC" } as const;
    const [head] = await this.db.read.find(AuditHead, { where, order, take: 1, select: { chainId: true } });
    const [entry] = await this.db.read.find(AuditEntry, { where, order, take: 1, select: { id: true, chainId: true } });
    return [head?.chainId, entry?.chainId].filter((id) => id !== undefined).sort()[0];
  }

  /** The records of a chain up to the head that is given. */
  async *records(head: AuditHead): AsyncGenerator<ChainRecord> {
    yield baseRecord(head);
    yield* this.between(head.chainId, head.baseSequence, head.sequence);
    yield headRecord(head);
  }

  /** The entries of a chain after one number and up to another, with the heads that were signed there. */
  async *between(chainId: string, after: number, end: number): AsyncGenerator<ChainRecord> {
    let last = after;
    while (last < end) {
      const where = { chainId, sequence: Between(last + 1, end) };
      const entries = await this.db.read.find(AuditEntry, { where, order: { sequence: "ASC" }, take: batchSize });
      const until = entries.length < batchSize ? end : (entries.at(-1)?.sequence ?? end);
      yield* this.merged(chainId, last, until, entries);
      last = until;
    }
  }

  async entryAt(chainId: string, sequence: number): Promise<EntryRecord | null> {
    const entry = await this.db.read.findOneBy(AuditEntry, { chainId, sequence });
    return entry && entryRecord(entry);
  }

  /** The heads that were signed at these entries, each after its entry. */
  private async *merged(
    chainId: string,
    after: number,
    until: number,
    entries: readonly AuditEntry[],
  ): AsyncGenerator<ChainRecord> {
    const where = { chainId, sequence: Between(after + 1, until) };
    const signed = await this.db.read.find(SignedHead, { where, order: { sequence: "ASC" } });
    let next = 0;
    for (const entry of entries) {
      yield entryRecord(entry);
      for (; (signed[next]?.sequence ?? Infinity) <= entry.sequence; next++) {
        const head = signed[next];
        if (head) yield signedHeadRecord(head);
      }
    }
    for (const head of signed.slice(next)) yield signedHeadRecord(head);
  }

  /** The last number that an entry or a signed head of a chain has. 0 if there is none. */
  async lastSequence(chainId: string): Promise<number> {
    const find = { where: { chainId }, order: { sequence: "DESC" }, select: { id: true, sequence: true } } as const;
    const entry = await this.db.read.findOne(AuditEntry, find);
    const head = await this.db.read.findOne(SignedHead, find);
    return Math.max(entry?.sequence ?? 0, head?.sequence ?? 0);
  }
}
