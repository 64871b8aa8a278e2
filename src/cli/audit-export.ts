import { once } from "node:events";
import { parseArgs } from "node:util";
import { readConfig } from "../config";
import { entities } from "../entities";
import { exportLines } from "../domain/audit/audit-export";
import { auditKeysOf } from "../domain/audit/audit-keys";
import { AuditSource } from "../domain/audit/audit-source";
import { Database } from "../platform/database/database";
import { exitWithError, StartupError } from "../platform/process/startup-error";
import { openKeyring } from "../platform/secrets/open-keyring";

const usage = "Usage: latchkey audit export [--app <id>] > audit.jsonl";

/** Writes the audit log to the standard output as JSON lines, while servers may run. */
async function exportAudit(): Promise<void> {
  const { app } = readArguments();
  const config = readConfig(process.env);
  const keys = auditKeysOf(await openKeyring(config));
  const db = await Database.open(config.database, entities);
  try {
    const counts = { chains: 0, entries: 0 };
    for await (const line of exportLines(new AuditSource(db.background), keys, app, counts)) {
      // A reader may be slower than the database.
      if (!process.stdout.write(line)) await once(process.stdout, "drain");
    }
    if (app !== undefined && counts.chains === 0) throw new StartupError("The audit log has no entries of this app.");
    process.stderr.write(`${counts.entries} entries of ${counts.chains} chains were exported.\n`);
  } finally {
    await db.close();
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { app: { type: "string" } } }).values;
  } catch {
    throw new StartupError(usage);
  }
}

export const main = (): Promise<void> =>
  exportAudit().catch((error: unknown) => exitWithError("The export of the audit log failed", error));
