import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { StartupError } from "../platform/process/startup-error";

/**
 * The folder that a command takes, and nothing else.
 *
 * @param usage how it is used, for people
 * @throws {StartupError} where something else was given
 */
export function folderArgument(usage: string): string {
  try {
    const { positionals } = parseArgs({ allowPositionals: true, options: {} });
    const [folder, ...more] = positionals;
    if (folder !== undefined && more.length === 0) return resolve(folder);
  } catch {
    // Said below.
  }
  throw new StartupError(usage);
}
