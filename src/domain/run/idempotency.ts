import { createHash } from "node:crypto";
import { type EntityManager, In, LessThan, MoreThanOrEqual } from "typeorm";
import { type Caller, identityOf } from "../../auth/caller";
import { type Database, isDuplicate } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { ApiError } from "../../errors";
import { IdempotencyKey } from "./idempotency-key.entity";
import type { ExecuteAgentInput } from "./run.input";

const lifetime = 24 * 60 * 60 * 1_000;

/** The claim of a caller that an execution is to happen once: the same key again gets the run of the first time. */
export class IdempotencyClaim {
  private readonly digest: Buffer;
  private readonly inputDigest: Buffer;

  constructor(caller: Caller, key: string, { agentId, session, text, onBusy, callbackUrl }: ExecuteAgentInput) {
    this.digest = sha256([identityOf(caller), key]);
    // How long to wait is not what is executed: who asks again may wait less.
    const told = callbackUrl == null ? {} : { callbackUrl };
    this.inputDigest = sha256({ agentId, session: session ?? null, text, onBusy, ...told });
  }

  /**
   * Claims the key for a run that this transaction is going to make. Of two at once the database lets one through; the
   * other waits until the first has ended.
   *
   * @returns the id of the run that the key made before, if it did
   * @throws IDEMPOTENCY_CONFLICT where that was with other input
   */
  async take(manager: EntityManager): Promise<string | undefined> {
    const { digest, inputDigest } = this;
    const createdAt = new Date();
    try {
      await manager.insert(IdempotencyKey, { digest, inputDigest, runId: "", createdAt });
      return undefined;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const earlier = await manager.findOneByOrFail(IdempotencyKey, { digest });
    if (earlier.createdAt < lastDay()) {
      await manager.update(IdempotencyKey, { digest }, { inputDigest, createdAt });
      return undefined;
    }
    if (earlier.inputDigest.equals(inputDigest)) return earlier.runId;
    throw new ApiError(
      "IDEMPOTENCY_CONFLICT",
      "This idempotency key was used with other input in the last 24 hours. Use a new key for a new execution.",
    );
  }

  /** Whether the key has made a run that it still stands for. */
  wasTaken(manager: EntityManager): Promise<boolean> {
    return manager.existsBy(IdempotencyKey, { digest: this.digest, createdAt: MoreThanOrEqual(lastDay()) });
  }

  /** Says which run the key made. */
  async keep(manager: EntityManager, runId: string): Promise<void> {
    await manager.update(IdempotencyKey, { digest: this.digest }, { runId });
  }
}

const lastDay = (): Date => new Date(Date.now() - lifetime);

/** Forgets the keys that have had their day. */
export async function deleteExpiredIdempotencyKeys(db: Database, stop: AbortSignal): Promise<void> {
  const where = { createdAt: LessThan(lastDay()) };
  for await (const piece of batchesOf(db, IdempotencyKey, { where, key: ["createdAt", "digest"] })) {
    stop.throwIfAborted();
    const digests = piece.map(({ digest }) => digest as unknown as Buffer);
    // A key may have been used anew meanwhile.
    await db.transaction((manager) => manager.delete(IdempotencyKey, { ...where, digest: In(digests) }));
  }
}

function sha256(value: unknown): Buffer {
  return createHash("sha256").update(JSON.stringify(value, withSortedKeys)).digest();
}

/** The order of an object's keys says nothing, so it must not tell two inputs apart. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
