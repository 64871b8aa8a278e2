import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { StartupError } from "../platform/process/startup-error";

/**
 * Reads the only argument of a command, the path of a folder.
 *
 * @throws {StartupError} with the usage, if the arguments are different
 */
export function folderArgument(usage: string): string {
  try {
    const { positionals } = parseArgs({ allowPositionals: true, options: {} });
    const [folder, ...more] = positionals;
    if (folder !== undefined && more.length === 0) return resolve(folder);
  } catch {
    // An unknown option: falls through to the usage.
  }
  throw new StartupError(usage);
}
