import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";

/**
 * better-sqlite3 12 ends the process on Node.js 24 when it gives up a statement; version 13 does where Node-API is older
 * than 10, as on all of Node.js 20 (https://github.com/WiseLibs/better-sqlite3/issues/1515 and 1514). So each is loaded
 * where it works.
 */
const major = parseInt(process.versions.node);
const name = major < 24 ? "better-sqlite3" : "better-sqlite3-13";
const load = createRequire(__filename);

export const Sqlite = loaded();

function loaded(): typeof BetterSqlite3 {
  try {
    return load(name) as typeof BetterSqlite3;
  } catch (cause) {
    const what = `${name} is not here, or for another version of Node.js than ${process.version}.`;
    throw new Error(`${what} Run \`npm ci\` with this one, and without \`--omit=optional\`.`, { cause });
  }
}
