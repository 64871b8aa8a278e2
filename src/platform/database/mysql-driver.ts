import { LRUCache } from "lru-cache";
import { createPool, type Pool, type PoolConnection, type PoolOptions, type QueryError } from "mysql2";
import { prepareSession, type SessionLimits } from "./mysql-session";

/**
 * The maximum number of statements that a connection keeps prepared. A server keeps 16,382 for all connections, unless
 * it is configured for more.
 */
const maxPreparedStatements = 64;

/**
 * The driver for TypeORM: mysql2, with values that never stand in the text of a statement, and connections whose session
 * is as the statements need it. mysql2 would otherwise write values into the text itself, with escapes that depend on
 * the mode of the session.
 */
export const mysqlDriver = (limits: SessionLimits | undefined, timeoutMs: number) => ({
  createPool(options: PoolOptions): Pool {
    const pool = createPool({ ...options, maxPreparedStatements });
    const prepared = new WeakSet<PoolConnection>();
    const getConnection = pool.getConnection.bind(pool);
    pool.getConnection = (done) =>
      getConnection((failure, connection) => {
        if (failure || prepared.has(connection)) {
          done(failure, connection);
          return;
        }
        sendValuesSeparately(connection);
        prepareSession(connection, limits, timeoutMs).then(
          () => {
            prepared.add(connection);
            done(null, connection);
          },
          (error: unknown) => {
            connection.destroy();
            done(error as NodeJS.ErrnoException, connection);
          },
        );
      });
    return pool;
  },
});

type Done = (error: QueryError | null, ...result: unknown[]) => void;
type Send = (statement: string, values: readonly unknown[], done: Done) => unknown;

/** Makes a connection prepare its statements that have values on the server. */
function sendValuesSeparately(connection: PoolConnection): void {
  const sendText = connection.query.bind(connection) as (statement: string, ...more: unknown[]) => unknown;
  const execute = connection.execute.bind(connection) as unknown as Send;
  const statements = new LRUCache<string, true>({ max: maxPreparedStatements });

  const send: Send = (statement, values, done) => {
    statements.set(statement, true);
    return execute(statement, values, (error, ...result) => {
      if (error?.code !== "ER_MAX_PREPARED_STMT_COUNT_REACHED") {
        done(error, ...result);
        return;
      }
      // The server has no room left, so this connection makes room.
      for (const each of statements.keys()) connection.unprepare(each);
      statements.clear();
      execute(statement, values, done);
    });
  };
  const query = (statement: string, ...[values, ...more]: [unknown, ...unknown[]]) =>
    Array.isArray(values) && values.length > 0
      ? send(statement, values, more[0] as Done)
      : sendText(statement, values, ...more);
  Object.assign(connection, { query });
}
