import "reflect-metadata";
import { readConfig } from "../config";
import { entities, secretColumns } from "../container";
import { Database } from "../platform/database/database";
import { openKeyring } from "../platform/secrets/open-keyring";
import { rotateSecrets } from "../platform/secrets/secrets-rotation";
import { asStartupError, exitWithError } from "../platform/process/startup-error";

/** Encrypts under the current key for secrets what is kept under earlier ones. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const keyring = await openKeyring(config);
  const db = await Database.open(config.database, entities);
  try {
    const { total, rotated } = await rotateSecrets(db.background, keyring, secretColumns).catch(
      asStartupError("Nothing was changed"),
    );
    process.stdout.write(
      `${rotated} of ${total} secrets were encrypted anew. All are under the key ${keyring.currentId}.\n`,
    );
  } finally {
    await db.close();
  }
}

main().catch((error: unknown) => exitWithError("No secret was encrypted anew", error));
