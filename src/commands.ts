import "reflect-metadata";
import { StartupError, exitWithError } from "./platform/process/startup-error";
import { version } from "./platform/process/version";
import { productionTimings, type Timings } from "./timings";

interface Command {
  /** As it is called, such as `keys revoke`. */
  readonly name: string;
  readonly parameters?: string;
  readonly summary: string;
  /** Loads only this command, and runs it with the arguments of the process. */
  readonly run: (timings: Timings) => Promise<void>;
}

const commands: readonly Command[] = [
  { name: "start", summary: "runs the server", run: async (timings) => (await import("./main.js")).main(timings) },
  {
    name: "worker",
    summary: "executes runs for servers, beside them",
    run: async (timings) => (await import("./cli/worker.js")).main(timings),
  },
  {
    name: "migrate",
    summary: "migrates the schema of the database",
    run: async () => (await import("./cli/migrate.js")).main(),
  },
  {
    name: "backup",
    parameters: "<new folder>",
    summary: "copies the data into a folder",
    run: async () => (await import("./cli/backup.js")).main(),
  },
  {
    name: "restore",
    parameters: "<folder>",
    summary: "copies a backup into the data directory",
    run: async () => (await import("./cli/restore.js")).main(),
  },
  {
    name: "keys revoke",
    parameters: "--key <id> | --scope <id> | --app <id> | --secret | --all",
    summary: "revokes API keys, also while no server runs",
    run: async () => (await import("./cli/revoke-keys.js")).main(),
  },
  {
    name: "audit export",
    parameters: "[--app <id>]",
    summary: "writes the audit log to the standard output",
    run: async () => (await import("./cli/audit-export.js")).main(),
  },
  {
    name: "audit verify",
    parameters: "[--file <export>] [--heads <log>] [--public-key <key>]",
    summary: "finds out whether the audit log was tampered with",
    run: async () => (await import("./cli/audit-verify.js")).main(),
  },
  {
    name: "secrets rotate",
    summary: "encrypts all secrets with the current SECRETS_KEY",
    run: async () => (await import("./cli/rotate-secrets.js")).main(),
  },
  {
    name: "storage sweep",
    parameters: "[--dry-run]",
    summary: "deletes stored documents that nothing refers to",
    run: async () => (await import("./cli/sweep-storage.js")).main(),
  },
  {
    name: "demo",
    summary: "plays the whole story on a temporary server",
    run: async () => (await import("./cli/demo/demo.js")).main(),
  },
];

const help = `Latchkey ${version}: a GraphQL API server that keeps AI agents behind scoped API keys.

Usage: latchkey <command>

${commands.map(({ name, parameters, summary }) => `  ${[name, parameters].filter(Boolean).join(" ")}\n      ${summary}\n`).join("")}
  --version, --help

The configuration is in environment variables: docs/configuration.md describes them.
`;

/** Runs the command that the arguments of the process name. Exits the process if it can't. */
export const main = (timings = productionTimings): Promise<void> =>
  run(timings).catch((error: unknown) => exitWithError("Nothing was done", error));

/** The command itself reads the arguments behind its name. */
async function run(timings: Timings): Promise<void> {
  const given = process.argv.slice(2);
  const [first] = given;
  if (first === "--version" || first === "-v") return void process.stdout.write(`${version}\n`);
  if (first === "--help" || first === "-h" || first === "help") return void process.stdout.write(help);

  const command = commands.find(({ name }) => name.split(" ").every((word, i) => given[i] === word));
  if (!command) throw new StartupError(`There is no such command. These are the commands:\n\n${help}`);
  const rest = given.slice(command.name.split(" ").length);
  if (rest.includes("--help") || (command.parameters === undefined && rest.length > 0)) {
    const usage = `Usage: latchkey ${[command.name, command.parameters].filter(Boolean).join(" ")}`;
    if (rest.includes("--help")) return void process.stdout.write(`${usage}\n`);
    throw new StartupError(usage);
  }
  process.argv.splice(2, given.length, ...rest);
  await command.run(timings);
}

// Without the bundle, in development.
if (require.main === module) void main();
