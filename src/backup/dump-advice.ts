import type { Config } from "../config";
import { shellQuote } from "../platform/process/shell-quote";
import { keyNames } from "./backup-folder";

/**
 * How to copy what is kept with MySQL: its own programs know best.
 *
 * @param url of the database
 */
export function dumpAdvice(url: string, config: Config): string {
  return [
    "Only SQLite is copied here, and nothing was. With MySQL or MariaDB, first take a dump:",
    "",
    `  ${dumpCommand(new URL(url))}`,
    "",
    `(with MySQL's own client, mysqldump takes the same arguments), and then copy ${filesOf(config)}.`,
    "In this order, so that each document that the dump names is in the copy.",
  ].join("\n");
}

/** The same, for the way back. */
export function loadAdvice(databaseUrl: string, config: Config): string {
  const url = new URL(databaseUrl);
  return [
    "Only a backup of SQLite is restored here, and nothing was. With MySQL or MariaDB, load the dump into an empty database:",
    "",
    `  mariadb ${connectionOf(url)} ${shellQuote(nameOf(url))} < ${shellQuote(dumpOf(url))}`,
    "",
    `(or, with MySQL's own client, mysql with the same arguments), and copy back: ${filesOf(config)}.`,
    "What was revoked since is valid again then. Unless you know that nothing was, revoke all keys before a server is started:",
    "",
    "  npm run keys:revoke -- --all",
  ].join("\n");
}

function dumpCommand(url: URL): string {
  // One moment for all tables, without holding up anybody; digests byte for byte.
  const options = "--single-transaction --quick --hex-blob --no-tablespaces --default-character-set=utf8mb4";
  return `mariadb-dump ${options} ${connectionOf(url)} ${shellQuote(nameOf(url))} > ${shellQuote(dumpOf(url))}`;
}

/** The password is asked for, and not told. */
function connectionOf({ hostname, port, username, password }: URL): string {
  const options = [
    `--host=${shellQuote(hostname.replace(/^\[(.*)\]$/, "$1"))}`,
    `--port=${port === "" ? "3306" : port}`,
    ...(username === "" ? [] : [`--user=${shellQuote(decodeURIComponent(username))}`]),
    ...(password === "" ? [] : ["--password"]),
  ];
  return options.join(" ");
}

function filesOf({ storage, dataDir, adminKey, secretsKey }: Config): string {
  const [adminKeyName, secretsKeyName] = keyNames;
  const names = [
    ...(storage.type === "folder" ? ["documents"] : []),
    ...(adminKey === undefined ? [adminKeyName] : []),
    ...(secretsKey === undefined ? [secretsKeyName] : []),
  ];
  const files = names.length === 0 ? [] : [`${names.join(", ")} in ${dataDir}`];
  return [...files, ...(storage.type === "folder" ? [] : ["the store of documents (STORAGE_URL)"])].join(", and ");
}

const nameOf = ({ pathname }: URL): string => decodeURIComponent(pathname.slice(1));
const dumpOf = (url: URL): string => `${nameOf(url)}.sql`;
