import { genesisOf, hashOf } from "../../../src/domain/audit/audit-hash";

export type Row = Record<string, unknown> & { chainId: string; sequence: number };

/** The tables of the audit log, as somebody with the database can read and write them. */
export interface StoredLog {
  readonly audit_entry: Row[];
  readonly audit_head: Row[];
  readonly audit_signed_head: Row[];
}

type Sql = (statement: string) => Promise<Record<string, unknown>[]>;

const tables = ["audit_entry", "audit_head", "audit_signed_head"] as const;

export async function readLog(sql: Sql): Promise<StoredLog> {
  const read = async (table: string) => (await sql(`SELECT * FROM ${table} ORDER BY chainId, sequence`)) as Row[];
  const [entries = [], heads = [], signed = []] = await Promise.all(tables.map(read));
  return { audit_entry: entries, audit_head: heads, audit_signed_head: signed };
}

export async function writeLog(sql: Sql, log: StoredLog, isMysql: boolean): Promise<void> {
  for (const table of tables) {
    await sql(`DELETE FROM ${table}`);
    for (const row of log[table]) {
      const names = Object.keys(row);
      const values = names.map((name) => literal(row[name], isMysql));
      await sql(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${values.join(", ")})`);
    }
  }
}

function literal(value: unknown, isMysql: boolean): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number") return String(value);
  const text = value instanceof Date ? value.toISOString().slice(0, -1).replace("T", " ") : (value as string);
  return `'${(isMysql ? text.replaceAll("\\", "\\\\") : text).replaceAll("'", "''")}'`;
}

/** The entries of a chain, in their order. They can be changed in place. */
export const chainOf = (log: StoredLog, chainId: string): Row[] =>
  log.audit_entry.filter((row) => row.chainId === chainId).sort((one, other) => one.sequence - other.sequence);

export function headOf(log: StoredLog, chainId: string): Row {
  const head = log.audit_head.find((row) => row.chainId === chainId);
  if (!head) throw new Error(`The chain ${chainId} has no head`);
  return head;
}

export function remove(rows: Row[], isRemoved: (row: Row) => boolean): void {
  rows.splice(0, rows.length, ...rows.filter((row) => !isRemoved(row)));
}

/** Computes numbers and hashes again, as somebody can who has read the source, but has not the key. */
export function rehash(log: StoredLog, chainId: string, entries: readonly Row[]): void {
  let previousHash = genesisOf(chainId);
  entries.forEach((row, i) => {
    const at = row["at"] instanceof Date ? row["at"] : new Date(`${String(row["at"]).replace(" ", "T")}Z`);
    Object.assign(row, { sequence: i + 1, previousHash });
    row["hash"] = hashOf({ ...(row as unknown as Parameters<typeof hashOf>[0]), at });
    previousHash = row["hash"] as string;
  });
  Object.assign(headOf(log, chainId), { sequence: entries.length, hash: previousHash });
}
