import { inspect } from "node:util";

/** Something outside of the process keeps it from starting. The message is for who started it, and all they need. */
export class StartupError extends Error {}

/** For `.catch()`: says what can't be used, with the variable that names it, and why. */
export const asStartupError =
  (what: string) =>
  (error: unknown): never => {
    throw new StartupError(`${what}: ${reasonOf(error)}`, { cause: error });
  };

/** Ends the process: with a line about what is outside of it, and with all that is known about a fault of our own. */
export function exitWithError(failure: string, error: unknown): never {
  process.stderr.write(`${failure}. ${error instanceof StartupError ? error.message : inspect(error)}\n`);
  process.exit(1);
}

/** A host with several addresses fails with one error for each, and a message that is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join("; ");
  return error instanceof Error ? error.message : String(error);
}
