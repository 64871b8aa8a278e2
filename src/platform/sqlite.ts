import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";

/**
 * Each of two versions of better-sqlite3 crashes on some versions of Node.js when a statement is garbage-collected:
 * version 12 on Node.js 24, and version 13 with a Node-API older than 10, such as all of Node.js 20
 * (https://github.com/WiseLibs/better-sqlite3/issues/1515 and 1514). So the version depends on Node.js.
 */
const major = parseInt(process.versions.node);
const name = major < 24 ? "better-sqlite3" : "better-sqlite3-13";
const load = createRequire(__filename);

export const Sqlite = loaded();

function loaded(): typeof BetterSqlite3 {
  try {
    return load(name) as typeof BetterSqlite3;
  } catch (cause) {
    const problem = `${name} is not installed, or built for another version of Node.js than ${process.version}.`;
    throw new Error(`${problem} Run \`npm ci\` with this version, and without \`--omit=optional\`.`, { cause });
  }
}
