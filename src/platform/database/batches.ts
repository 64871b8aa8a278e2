import { setTimeout as delay } from "node:timers/promises";
import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";
import type { Database } from "./database";

/** The limits of one batch. */
const maxRows = 250;
const maxBytes = 2_000_000;
/** A pause between batches, which leaves the database to others. */
const pauseMs = 5;

interface BatchQuery<Entity extends ObjectLiteral, Key extends string> {
  readonly where: FindOptionsWhere<Entity>;
  /** The columns that identify a row and define the order. */
  readonly key: readonly [Key, ...Key[]];
  /** The columns that may be long; they count towards the size of a batch. */
  readonly texts?: readonly string[];
}

/**
 * Yields the keys of rows to delete or to change, in descending order and in batches of one transaction each: a large
 * transaction would block others, and with SQLite the whole process. Each batch is a new query, so the caller must
 * delete the rows of a batch, or change them so that they no longer match, before it asks for the next one.
 */
export async function* batchesOf<Entity extends ObjectLiteral, Key extends string>(
  db: Database,
  entity: EntityTarget<Entity>,
  { where, key, texts = [] }: BatchQuery<Entity, Key>,
): AsyncGenerator<Record<Key, string>[]> {
  const bytes = ["0", ...texts.map((text) => `COALESCE(OCTET_LENGTH(entity.${text}), 0)`)].join(" + ");
  for (;;) {
    const query = db.read.createQueryBuilder(entity, "entity").select(bytes, "bytes").where(where).limit(maxRows);
    for (const column of key) query.addSelect(`entity.${column}`, column).addOrderBy(`entity.${column}`, "DESC");
    const rows = await query.getRawMany<Record<Key, string> & { bytes: number | string }>();
    if (rows.length === 0) return;

    let batchBytes = 0;
    yield rows.filter((row, i) => (batchBytes += Number(row.bytes)) <= maxBytes || i === 0);
    await delay(pauseMs);
  }
}
