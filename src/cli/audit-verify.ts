import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { readConfig } from "../config";
import { entities } from "../entities";
import { verifyFile } from "../domain/audit/audit-file";
import { auditKeysOf } from "../domain/audit/audit-keys";
import { entryName } from "../domain/audit/audit-records";
import { AuditSource } from "../domain/audit/audit-source";
import { type Verification, verifyDatabase } from "../domain/audit/audit-verification";
import { toldHeads } from "../domain/audit/told-heads";
import { Database } from "../platform/database/database";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { openKeyring } from "../platform/secrets/open-keyring";
import { isPublicKey, SignatureVerifier } from "../platform/secrets/signing-keys";

const usage = `Usage: latchkey audit verify [--file <export>] [--heads <log>] [--public-key <key>]

  --file        verifies an exported file instead of the database
  --heads       compares the log with the heads in a log file of the server
  --public-key  trusts this key instead of those of this server; can be given more than once`;

/** Verifies the audit log in the database, while servers may run, or in an exported file. */
async function verifyAudit(): Promise<void> {
  const { file, heads, "public-key": publicKeys = [] } = readArguments();
  const config = readConfig(process.env);
  const keys = publicKeys.length > 0 ? new SignatureVerifier(publicKeys) : auditKeysOf(await openKeyring(config));
  const told = await toldHeads(heads === undefined ? noLines() : await linesOf(heads), keys);
  if (file !== undefined) {
    report(await verifyFile(await linesOf(file), keys, told));
    return;
  }
  const db = await Database.open(config.database, entities);
  try {
    report(await verifyDatabase(new AuditSource(db.background), keys, told));
  } finally {
    await db.close();
  }
}

function report({ chains, entries, faults }: Verification): void {
  for (const { chainId, sequence, problem } of faults) {
    const place = chainId === null ? "the file" : entryName(chainId, sequence);
    process.stdout.write(`${place}: ${problem}\n`);
  }
  if (faults.length > 0) process.exitCode = 1;
  else process.stdout.write(`${entries} entries of ${chains} chains are intact.\n`);
}

/** The lines of a file, as they are read. */
async function linesOf(file: string): Promise<AsyncIterable<string>> {
  const stream = createReadStream(file, "utf8");
  await once(stream, "open").catch(asStartupError(`The file ${file} can't be read`));
  return createInterface({ input: stream, crlfDelay: Infinity });
}

async function* noLines(): AsyncGenerator<string> {
  // There is no log to compare with.
}

function readArguments() {
  const { values } = parsedArguments();
  if (values["public-key"]?.every(isPublicKey) === false) throw new StartupError(usage);
  return values;
}

function parsedArguments() {
  try {
    return parseArgs({
      options: {
        file: { type: "string" },
        heads: { type: "string" },
        "public-key": { type: "string", multiple: true },
      },
    });
  } catch {
    throw new StartupError(usage);
  }
}

export const main = (): Promise<void> =>
  verifyAudit().catch((error: unknown) => exitWithError("The audit log could not be verified", error));
