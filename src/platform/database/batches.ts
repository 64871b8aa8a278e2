import { setTimeout as delay } from "node:timers/promises";
import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";
import type { Database } from "./database";

/** What one transaction changes at most, where there may be any number of rows. */
const maxRows = 250;
const maxBytes = 2_000_000;
/** How long others have the database to themselves before the next piece, in milliseconds. */
const rest = 5;

/** Rows to be changed: the columns that name them and give their order, and those that may be long. */
interface BatchQuery<Entity extends ObjectLiteral, Key extends string> {
  readonly where: FindOptionsWhere<Entity>;
  readonly key: readonly [Key, ...Key[]];
  readonly texts?: readonly string[];
}

/**
 * The keys of any number of rows that are to go, from the last to the first, in pieces for a transaction each: a large one would hold
 * up everybody else, and with SQLite the whole process. Each is found anew among those that are left, so the one before
 * must be gone from there.
 */
export async function* batchesOf<Entity extends ObjectLiteral, Key extends string>(
  db: Database,
  entity: EntityTarget<Entity>,
  { where, key, texts = [] }: BatchQuery<Entity, Key>,
): AsyncGenerator<Record<Key, string>[]> {
  const octets = ["0", ...texts.map((text) => `COALESCE(OCTET_LENGTH(piece.${text}), 0)`)].join(" + ");
  for (;;) {
    const query = db.read.createQueryBuilder(entity, "piece").select(octets, "octets").where(where).limit(maxRows);
    for (const column of key) query.addSelect(`piece.${column}`, column).addOrderBy(`piece.${column}`, "DESC");
    const rows = await query.getRawMany<Record<Key, string> & { octets: number | string }>();
    if (rows.length === 0) return;

    let sum = 0;
    yield rows.filter((row, i) => (sum += Number(row.octets)) <= maxBytes || i === 0);
    await delay(rest);
  }
}
