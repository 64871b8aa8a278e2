import { IsNull, LessThanOrEqual } from "typeorm";
import type { Database } from "../../platform/database/database";
import { ApiKey } from "./api-key.entity";

/** The revocation of a key whose overlap with its successor is over. Its runs finish. */
export const endOfRotation = { revokedBy: "rotation", revokedRuns: "FINISH" } as const;

/**
 * Writes the revocation of keys whose overlap is over, so that lists, names and limits count them as revoked. Access does
 * not depend on it: the verdict refuses such a key from the moment at which its overlap is over.
 */
export async function noteEndedKeys(db: Database): Promise<void> {
  const ended = { revokedAt: IsNull(), revokesAt: LessThanOrEqual(new Date()) };
  if (!(await db.read.existsBy(ApiKey, ended))) return;
  await db.transaction((manager) =>
    manager
      .createQueryBuilder()
      .update(ApiKey)
      .set({ revokedAt: () => "revokesAt", ...endOfRotation })
      .where(ended)
      .execute(),
  );
}
