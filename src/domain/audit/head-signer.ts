import type { Logger } from "pino";
import { IsNull, MoreThan, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import type { SigningKeys } from "../../platform/secrets/signing-keys";
import { baseOf, signedTexts } from "./audit-hash";
import { AuditHead, SignedHead } from "./audit-head.entity";

/** Heads per query. */
const batchSize = 200;

/**
 * Signs the heads of chains that have moved, and tells them to the log: whoever could change the database and had the key
 * could still not take back what a log elsewhere has.
 */
export class HeadSigner {
  private readonly timer: NodeJS.Timeout;
  private pending = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly keys: SigningKeys,
    private readonly log: Logger,
    intervalMs: number,
  ) {
    this.timer = setInterval(() => void this.run(() => this.signMoved()), intervalMs).unref();
  }

  /** Signs heads again that a previous key has signed, so that later that key is not needed to verify them. */
  start(): void {
    void this.run(() => this.renewSignatures());
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.run(() => this.signMoved());
  }

  private run(task: () => Promise<void>): Promise<void> {
    this.pending = this.pending
      .then(task)
      .catch((error: unknown) => this.log.error({ err: error }, "failed to sign heads of the audit log; retrying"));
    return this.pending;
  }

  private async signMoved(): Promise<void> {
    for (;;) {
      const where = { movedAt: Not(IsNull()) };
      const moved = await this.db.read.find(AuditHead, { where, order: { movedAt: "ASC" }, take: batchSize });
      for (const { chainId } of moved) await this.signHead(chainId);
      if (moved.length < batchSize) return;
    }
  }

  private async signHead(chainId: string): Promise<void> {
    const signed = await this.db.transaction(async (manager) => {
      const head = await this.db.lock(manager, AuditHead, { chainId });
      // Another instance may have signed it.
      if (!head?.movedAt) return undefined;
      const { sequence, hash } = head;
      const point = { chainId, sequence, hash, at: new Date() };
      const row: SignedHead = { id: newId(), ...point, ...this.keys.sign(signedTexts.signedHead(point)) };
      await manager.createQueryBuilder().insert().into(SignedHead).values(row).orIgnore().execute();
      await manager.update(AuditHead, { chainId }, { movedAt: null });
      return row;
    });
    if (!signed) return;
    const { id: _, ...auditHead } = signed;
    this.log.info({ auditHead }, "the head of a chain of the audit log");
  }

  private async renewSignatures(): Promise<void> {
    const { keyId } = this.keys;
    let last = "";
    for (;;) {
      const where = { chainId: MoreThan(last), keyId: Not(keyId) };
      const heads = await this.db.read.find(AuditHead, { where, order: { chainId: "ASC" }, take: batchSize });
      for (const { chainId } of heads) await this.renewSignature(chainId);
      if (heads.length < batchSize) return;
      last = heads.at(-1)?.chainId ?? last;
    }
  }

  private async renewSignature(chainId: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const head = await this.db.lock(manager, AuditHead, { chainId });
      if (!head) return;
      const base = baseOf(head);
      const isGenuine =
        this.keys.verify(signedTexts.head(head), head) === "VALID" &&
        this.keys.verify(signedTexts.base(base), base) === "VALID";
      // Its verification tells more.
      if (!isGenuine) {
        this.log.error({ chainId }, "a head of the audit log has no signature by a known key");
        return;
      }
      const { keyId, signature } = this.keys.sign(signedTexts.base(base));
      const renewed = { ...this.keys.sign(signedTexts.head(head)), baseKeyId: keyId, baseSignature: signature };
      await manager.update(AuditHead, { chainId }, renewed);
    });
  }
}
