import type { Config } from "../config";
import { shellQuote } from "../platform/process/shell-quote";
import { keyNames } from "./backup-folder";

/** Explains how to back up a server on MySQL or MariaDB, with the tools of the database. */
export function dumpAdvice(databaseUrl: string, config: Config): string {
  return [
    "This command backs up SQLite only; nothing was copied. With MySQL or MariaDB, first take a dump:",
    "",
    `  ${dumpCommand(new URL(databaseUrl))}`,
    "",
    `(mysqldump of MySQL takes the same arguments), and then copy ${filesOf(config)}.`,
    "Keep this order, so that each document in the dump is in the copy.",
  ].join("\n");
}

/** Explains how to restore that backup. */
export function loadAdvice(databaseUrl: string, config: Config): string {
  const url = new URL(databaseUrl);
  return [
    "This command restores SQLite only; nothing was restored. With MySQL or MariaDB, load the dump into an empty database:",
    "",
    `  mariadb ${connectionOf(url)} ${shellQuote(nameOf(url))} < ${shellQuote(dumpOf(url))}`,
    "",
    `(mysql of MySQL takes the same arguments), and copy back ${filesOf(config)}.`,
    "Keys that were revoked after the dump are valid again. Unless you know that there are none, revoke all keys before you start a server:",
    "",
    "  npm run keys:revoke -- --all",
  ].join("\n");
}

function dumpCommand(url: URL): string {
  // A consistent snapshot of all tables without locks; binary columns in hexadecimal.
  const options = "--single-transaction --quick --hex-blob --no-tablespaces --default-character-set=utf8mb4";
  return `mariadb-dump ${options} ${connectionOf(url)} ${shellQuote(nameOf(url))} > ${shellQuote(dumpOf(url))}`;
}

/** Without the password, which the client asks for. */
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
  return [...files, ...(storage.type === "folder" ? [] : ["the object store (STORAGE_URL)"])].join(", and ");
}

const nameOf = ({ pathname }: URL): string => decodeURIComponent(pathname.slice(1));
const dumpOf = (url: URL): string => `${nameOf(url)}.sql`;
