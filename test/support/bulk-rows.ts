import { newId } from "../../src/platform/database/ids";

/** A server whose database tests can write to. */
interface Host {
  sql(statement: string): Promise<unknown>;
}

const rowsPerStatement = 5_000;
const time = "'2026-01-01 00:00:00.000'";

/**
 * Inserts sessions that the API would take too long to open.
 *
 * @param status by the position of the session
 * @returns their ids, in the order of their creation
 */
export async function insertSessions(
  server: Host,
  appId: string,
  count: number,
  status: (i: number) => string = () => "ACTIVE",
): Promise<string[]> {
  const ids = Array.from({ length: count }, newId);
  for (let from = 0; from < count; from += rowsPerStatement) {
    const rows = ids
      .slice(from, from + rowsPerStatement)
      .map((id, i) => `('${id}', '${appId}', '${status(from + i)}', ${time}, ${time})`);
    await server.sql(`INSERT INTO session (id, appId, status, createdAt, lastActivityAt) VALUES ${rows.join(", ")}`);
  }
  return ids;
}

/** Inserts events that wait for an attempt in the far future. */
export async function insertPendingEvents(server: Host, appId: string, count: number): Promise<void> {
  const columns = "id, appId, type, body, host, status, attempts, failures, version, createdAt, begunAt, dueAt";
  for (let from = 0; from < count; from += rowsPerStatement) {
    const rows = Array.from(
      { length: Math.min(rowsPerStatement, count - from) },
      () =>
        `('${newId()}', '${appId}', 'x', '{}', 'h', 'PENDING', '[]', 0, 0, ${time}, ${time}, '2999-01-01 00:00:00.000')`,
    );
    await server.sql(`INSERT INTO event_delivery (${columns}) VALUES ${rows.join(", ")}`);
  }
}
