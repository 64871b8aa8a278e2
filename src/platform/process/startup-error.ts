import { inspect } from "node:util";

/** Something outside of the process prevents its start. The message tells the operator all they need. */
export class StartupError extends Error {}

/** A call of the operating system that may never return. Node.js would wait for it before it exits. */
export class StalledError extends Error {}

/** For `.catch()`. @param problem says what can't be used, with the variable that names it */
export const asStartupError =
  (problem: string) =>
  (error: unknown): never => {
    throw new StartupError(`${problem}: ${reasonOf(error)}`, { cause: error });
  };

/** Prints an error and exits: one line for a StartupError, all details for a bug. */
export function exitWithError(failure: string, error: unknown): never {
  process.stderr.write(`${failure}. ${error instanceof StartupError ? error.message : inspect(error)}\n`);
  if (error instanceof StartupError && error.cause instanceof StalledError) process.kill(process.pid, "SIGKILL");
  process.exit(1);
}

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join("; ");
  return error instanceof Error ? error.message : String(error);
}
