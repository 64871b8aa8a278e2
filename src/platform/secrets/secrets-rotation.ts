import { type EntityManager, type FindOptionsWhere, Like, MoreThan, Not } from "typeorm";
import type { Database } from "../database/database";
import type { Keyring } from "./keyring";
import { openSecret, type SecretColumn, type SecretRow } from "./secret-column";

const batchSize = 250;

export interface Rotation {
  readonly total: number;
  readonly rotated: number;
}

/**
 * Encrypts all secrets that are under earlier keys or in an earlier format again, under the current key. If one of them
 * can't be opened, nothing changes. Can be run again at any time.
 *
 * @throws {SecretUnreadableError}
 */
export async function rotateSecrets(
  db: Database,
  keyring: Keyring,
  columns: readonly SecretColumn[],
): Promise<Rotation> {
  const large = columns.filter(({ isLarge }) => isLarge);
  for (const each of large) for await (const row of outdatedRows(db, keyring, each)) openSecret(keyring, each, row);

  let { total, rotated } = await db.transaction((manager) =>
    rotateWithin(
      db,
      manager,
      keyring,
      columns.filter((each) => !large.includes(each)),
    ),
  );
  for (const each of large) {
    total += await db.read.countBy(each.entity, {});
    for await (const row of outdatedRows(db, keyring, each)) if (await rotateRow(db, keyring, each, row)) rotated++;
  }
  return { total, rotated };
}

async function rotateWithin(
  db: Database,
  manager: EntityManager,
  keyring: Keyring,
  columns: readonly SecretColumn[],
): Promise<Rotation> {
  let [total, rotated] = [0, 0];
  for (const each of columns) {
    for (const { id } of await manager.find(each.entity, { select: { id: true }, order: { id: "ASC" } })) {
      // Locked, so that a running server can't replace the secret until the transaction ends.
      const row = await db.lock(manager, each.entity, { id });
      const sealed = row?.[each.column];
      if (!row || typeof sealed !== "string") continue;
      total++;
      if (!keyring.isOutdated(sealed)) continue;
      await manager.update(each.entity, { id }, sealedAgain(keyring, each, row));
      rotated++;
    }
  }
  return { total, rotated };
}

/** The rows of a large table whose secrets are outdated, in batches that lock nothing. */
async function* outdatedRows(
  db: Database,
  keyring: Keyring,
  { entity, column }: SecretColumn,
): AsyncGenerator<SecretRow> {
  let last = "";
  for (;;) {
    const where = {
      id: MoreThan(last),
      [column]: Not(Like(`${keyring.currentPrefix}%`)),
    } as FindOptionsWhere<SecretRow>;
    const rows = await db.read.find(entity, { where, order: { id: "ASC" }, take: batchSize });
    yield* rows;
    if (rows.length < batchSize) return;
    last = rows.at(-1)?.id ?? last;
  }
}

/** @returns false if the secret was replaced or deleted in the meantime */
async function rotateRow(db: Database, keyring: Keyring, column: SecretColumn, row: SecretRow): Promise<boolean> {
  const unchanged = { id: row.id, [column.column]: row[column.column] } as FindOptionsWhere<SecretRow>;
  const { affected } = await db.transaction((manager) =>
    manager.update(column.entity, unchanged, sealedAgain(keyring, column, row)),
  );
  return affected !== 0;
}

const sealedAgain = (keyring: Keyring, column: SecretColumn, row: SecretRow) => ({
  [column.column]: keyring.seal(openSecret(keyring, column, row), column.placeOf(row)),
});
