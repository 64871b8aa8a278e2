import { createHash } from "node:crypto";
import { type EntityManager, In, LessThan, MoreThanOrEqual } from "typeorm";
import { type Caller, identityOf } from "../../auth/caller";
import { type Database, isDuplicate } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { ApiError } from "../../errors";
import { IdempotencyKey } from "./idempotency-key.entity";
import type { ExecuteAgentInput } from "./run.input";

const lifetimeMs = 24 * 60 * 60 * 1_000;

/** Makes sure that executions with the same idempotency key create one run: a repeated call gets the first call's run. */
export class IdempotencyClaim {
  private readonly digest: Buffer;
  private readonly inputDigest: Buffer;

  constructor(caller: Caller, key: string, { agentId, session, text, onBusy, ...input }: ExecuteAgentInput) {
    this.digest = sha256([identityOf(caller), key]);
    // Without `waitMs`: a repeated call may wait for another time. What is null is left out, as earlier versions did not
    // know it.
    const { callbackUrl, documentIds, metadata } = input;
    const given = Object.entries({ callbackUrl, documentIds, metadata }).filter(([, value]) => value != null);
    const others = Object.fromEntries(given);
    this.inputDigest = sha256({ agentId, session: isEmpty(session) ? null : session, text, onBusy, ...others });
  }

  /**
   * Acquires the key for a run that this transaction is going to create. Of two concurrent transactions the database lets
   * one through; the other waits until the first has ended.
   *
   * @returns the id of the run that the key already created, or undefined if the key was acquired
   * @throws IDEMPOTENCY_CONFLICT if the key created a run with other input
   */
  async acquire(manager: EntityManager): Promise<string | undefined> {
    const { digest, inputDigest } = this;
    const createdAt = new Date();
    try {
      await manager.insert(IdempotencyKey, { digest, inputDigest, runId: "", createdAt });
      return undefined;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const earlier = await manager.findOneByOrFail(IdempotencyKey, { digest });
    if (earlier.createdAt < expiry()) {
      await manager.update(IdempotencyKey, { digest }, { inputDigest, createdAt });
      return undefined;
    }
    if (earlier.inputDigest.equals(inputDigest)) return earlier.runId;
    throw new ApiError(
      "IDEMPOTENCY_CONFLICT",
      "This idempotency key was used with other input in the last 24 hours. Use a new key for a new execution.",
    );
  }

  /** Whether the key has created a run within its lifetime. */
  exists(manager: EntityManager): Promise<boolean> {
    return manager.existsBy(IdempotencyKey, { digest: this.digest, createdAt: MoreThanOrEqual(expiry()) });
  }

  async assignRun(manager: EntityManager, runId: string): Promise<void> {
    await manager.update(IdempotencyKey, { digest: this.digest }, { runId });
  }
}

/** Keys that were created before this time are expired. */
const expiry = (): Date => new Date(Date.now() - lifetimeMs);

export async function deleteExpiredIdempotencyKeys(db: Database, stop: AbortSignal): Promise<void> {
  const where = { createdAt: LessThan(expiry()) };
  for await (const batch of batchesOf(db, IdempotencyKey, { where, key: ["createdAt", "digest"] })) {
    stop.throwIfAborted();
    const digests = batch.map(({ digest }) => digest as unknown as Buffer);
    // The condition on the time again, as an expired key may have been used in the meantime.
    await db.transaction((manager) => manager.delete(IdempotencyKey, { ...where, digest: In(digests) }));
  }
}

function sha256(value: unknown): Buffer {
  return createHash("sha256").update(JSON.stringify(value, withSortedKeys)).digest();
}

/** The order of an object's keys does not make two inputs different. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A session without properties is the same as none. */
const isEmpty = (session: ExecuteAgentInput["session"]): boolean =>
  Object.values(session ?? {}).every((value) => value == null);
