import { StartError } from "./start-error";

/**
 * Node.js 24 aborts the process when better-sqlite3 12 gives up a statement, and version 13 is not for Node.js 20
 * (https://github.com/WiseLibs/better-sqlite3/issues/1515). A server that may end at any moment is not started.
 *
 * @throws StartError
 */
export function checkNodeVersion(version: string): void {
  const [major = 0] = version.split(".").map(Number);
  if (major < 24) return;
  throw new StartError(
    `Node.js ${version} can't be used, since it aborts with better-sqlite3 12. Use Node.js 20 or 22.`,
  );
}
