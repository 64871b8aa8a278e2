import type { EntityTarget } from "typeorm";
import type { Database } from "../database/database";
import type { Keyring } from "./keyring";

/** A row that keeps a secret in one of its columns. */
export interface SecretRow {
  id: string;
  readonly [column: string]: unknown;
}

/** A column in which secrets are kept. */
export interface SecretColumn {
  readonly entity: EntityTarget<SecretRow>;
  readonly table: string;
  readonly column: string;
}

/**
 * Encrypts under the current key what is kept under earlier ones: all of it or, where one can't be opened, none. Run
 * again, it finds nothing more to do.
 *
 * @returns how many secrets there are, and how many of them were encrypted anew
 * @throws SecretUnreadable
 */
export async function rotateSecrets(
  db: Database,
  keyring: Keyring,
  columns: readonly SecretColumn[],
): Promise<{ kept: number; renewed: number }> {
  return db.transaction(async (manager) => {
    let kept = 0;
    let renewed = 0;
    for (const { entity, table, column } of columns) {
      for (const { id } of await manager.find(entity, { select: { id: true }, order: { id: "ASC" } })) {
        // Held, so that a server that is running beside this can't set another secret meanwhile.
        const row = await db.lock(manager, entity, { id });
        const sealed = row?.[column];
        if (typeof sealed !== "string") continue;
        kept++;
        if (!keyring.isOutdated(sealed)) continue;

        const place = { table, column, rowId: id };
        const change = { [column]: keyring.seal(keyring.open(sealed, place), place) };
        await manager.update(entity, { id }, change);
        renewed++;
      }
    }
    return { kept, renewed };
  });
}
