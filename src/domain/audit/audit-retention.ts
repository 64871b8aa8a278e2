import { LessThan, LessThanOrEqual, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import type { SigningKeys } from "../../platform/secrets/signing-keys";
import { AuditEntry } from "./audit-entry.entity";
import { signedTexts } from "./audit-hash";
import { AuditHead, SignedHead } from "./audit-head.entity";
import { type AuditLog, noOrigin } from "./audit-log";

const dayMs = 86_400_000;
/** Entries per transaction, so that nothing else waits long for the database. */
const batchSize = 250;

/**
 * Deletes the entries of earlier days from the beginning of each chain, and signs where the chain begins then, so that
 * what remains can still be verified. Once a day, as each deletion has an entry too.
 */
export class AuditRetention {
  constructor(
    private readonly db: Database,
    private readonly auditLog: AuditLog,
    private readonly keys: SigningKeys,
    private readonly days: number,
  ) {}

  async run(stop: AbortSignal): Promise<void> {
    const today = Math.floor(Date.now() / dayMs) * dayMs;
    const before = idAt(today - this.days * dayMs);
    let last = "";
    for (;;) {
      stop.throwIfAborted();
      const where = { chainId: MoreThan(last), id: LessThan(before) };
      const found = await this.db.read.findOne(AuditEntry, {
        where,
        order: { chainId: "ASC" },
        select: { id: true, chainId: true },
      });
      if (!found) return;
      last = found.chainId;
      while ((await this.deleteBatch(last, before)) === batchSize) stop.throwIfAborted();
    }
  }

  /** @returns the number of entries that were deleted */
  private deleteBatch(chainId: string, before: string): Promise<number> {
    return this.db.transaction(async (manager) => {
      const head = await this.db.lock(manager, AuditHead, { chainId });
      if (!head) return 0;
      const where = { chainId, sequence: MoreThan(head.baseSequence) };
      const first = await manager.find(AuditEntry, { where, order: { sequence: "ASC" }, take: batchSize });
      // A gap is left for the verification to find.
      const expired = first.filter(({ id, sequence }, i) => id < before && sequence === head.baseSequence + 1 + i);
      const count = first.findIndex((entry) => !expired.includes(entry));
      const deleted = count === -1 ? first : first.slice(0, count);
      const end = deleted.at(-1);
      if (!end) return 0;
      const { sequence, hash } = end;
      await manager.delete(AuditEntry, { chainId, sequence: LessThanOrEqual(sequence) });
      await manager.delete(SignedHead, { chainId, sequence: LessThanOrEqual(sequence) });
      const { keyId, signature } = this.keys.sign(signedTexts.base({ chainId, sequence, hash }));
      const base = { baseSequence: sequence, baseHash: hash, baseKeyId: keyId, baseSignature: signature };
      await manager.update(AuditHead, { chainId }, base);
      this.auditLog.record(manager, {
        appId: chainId,
        actor: { kind: "SERVER", id: null, name: "server" },
        origin: noOrigin,
        action: "DELETE_ENTRIES",
        target: { id: chainId, name: chainId },
        after: { entries: deleted.length, until: sequence },
      });
      return deleted.length;
    });
  }
}
