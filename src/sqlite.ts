import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";

/**
 * better-sqlite3 12 ends the process on Node.js 24 when it gives up a statement; version 13 does where Node-API is older
 * than 10, as on all of Node.js 20 (https://github.com/WiseLibs/better-sqlite3/issues/1515 and 1514). So each is loaded
 * where it works.
 */
const major = parseInt(process.versions.node);
const load = createRequire(__filename);

export const Sqlite = load(major < 24 ? "better-sqlite3" : "better-sqlite3-13") as typeof BetterSqlite3;
