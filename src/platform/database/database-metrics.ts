import { Gauge, type Metric } from "../metrics/metric";
import type { Database } from "./database";

/** The use of the connections to the database. */
export const databaseMetrics = (db: Database): Metric[] => [
  new Gauge("latchkey_database_statements", "Statements and transactions in progress, and those that wait.", () =>
    db.load.flatMap(({ name, running, waiting }) => [
      { labels: { connections: name, state: "running" }, value: running },
      { labels: { connections: name, state: "waiting" }, value: waiting },
    ]),
  ),
];
