import { loadKey, loadOrCreateKey } from "./key-file";
import { Keyring, secretsKeyOf } from "./keyring";

const filename = "secrets.key";

/** Where the keys for secrets come from. */
export interface KeyringSources {
  readonly dataDir: string;
  readonly secretsKey: Buffer | undefined;
  readonly previousSecretsKey: Buffer | undefined;
}

/**
 * The keys for secrets: `SECRETS_KEY`, or the one that the first start has made in the data directory. Where both are
 * there, the latter is an earlier one, and so is `SECRETS_KEY_PREVIOUS`.
 */
export async function openKeyring(sources: KeyringSources): Promise<Keyring> {
  const { dataDir, secretsKey, previousSecretsKey } = sources;
  const given = previousSecretsKey ? [previousSecretsKey] : [];
  if (!secretsKey) return new Keyring(checked((await loadOrCreateKey(dataDir, filename)).key), given);

  const kept = await loadKey(dataDir, filename);
  return new Keyring(secretsKey, kept === undefined ? given : [...given, checked(kept)]);
}

function checked(text: string): Buffer {
  const key = secretsKeyOf(text);
  if (!key)
    throw new Error(`${filename} in the data directory is damaged: it must hold 32 bytes as base64 or hexadecimal`);
  return key;
}
