import { readConfig } from "../config";
import { entities, secretColumns } from "../entities";
import { Database } from "../platform/database/database";
import { openKeyring } from "../platform/secrets/open-keyring";
import { rotateSecrets } from "../platform/secrets/secrets-rotation";
import { asStartupError, exitWithError } from "../platform/process/startup-error";

/** Encrypts the secrets that are under previous keys again, under the current key. */
async function rotate(): Promise<void> {
  const config = readConfig(process.env);
  const keyring = await openKeyring(config);
  const db = await Database.open(config.database, entities);
  try {
    const { total, rotated } = await rotateSecrets(db.background, keyring, secretColumns).catch(
      asStartupError("Nothing was changed"),
    );
    process.stdout.write(
      `${rotated} of ${total} secrets were rotated. All are encrypted with the key ${keyring.currentId}.\n`,
    );
  } finally {
    await db.close();
  }
}

export const main = (): Promise<void> =>
  rotate().catch((error: unknown) => exitWithError("The rotation of secrets failed", error));
