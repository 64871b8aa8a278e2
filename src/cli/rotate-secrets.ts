import "reflect-metadata";
import { readConfig } from "../config";
import { entities, secretColumns } from "../container";
import { Database } from "../database/database";
import { openKeyring } from "../secrets/open-keyring";
import { rotate } from "../secrets-rotation";
import { blaming, giveUp } from "../start-error";

/** Encrypts under the current key for secrets what is kept under earlier ones. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const keyring = await openKeyring(config);
  const db = await Database.open(config.database, entities);
  try {
    const { kept, renewed } = await rotate(db.background, keyring, secretColumns).catch(blaming("Nothing was changed"));
    process.stdout.write(
      `${renewed} of ${kept} secrets were encrypted anew. All are under the key ${keyring.currentId}.\n`,
    );
  } finally {
    await db.close();
  }
}

main().catch((error: unknown) => giveUp("No secret was encrypted anew", error));
