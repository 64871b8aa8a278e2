import type { Database } from "../database/database";
import type { Keyring } from "./keyring";
import type { SecretColumn } from "./secret-column";

/**
 * Encrypts all secrets that are under earlier keys again, under the current key. If one of them can't be opened, nothing
 * changes. Can be run again at any time.
 *
 * @throws {SecretUnreadableError}
 */
export async function rotateSecrets(
  db: Database,
  keyring: Keyring,
  columns: readonly SecretColumn[],
): Promise<{ total: number; rotated: number }> {
  return db.transaction(async (manager) => {
    let total = 0;
    let rotated = 0;
    for (const { entity, table, column } of columns) {
      for (const { id } of await manager.find(entity, { select: { id: true }, order: { id: "ASC" } })) {
        // Locked, so that a running server can't replace the secret until the transaction ends.
        const row = await db.lock(manager, entity, { id });
        const sealed = row?.[column];
        if (typeof sealed !== "string") continue;
        total++;
        if (!keyring.isOutdated(sealed)) continue;

        const place = { table, column, rowId: id };
        const change = { [column]: keyring.seal(keyring.open(sealed, place), place) };
        await manager.update(entity, { id }, change);
        rotated++;
      }
    }
    return { total, rotated };
  });
}
