import { loadKey, loadOrCreateKey } from "./key-file";
import { Keyring, secretsKeyOf } from "./keyring";

const filename = "secrets.key";

export interface KeyringSources {
  readonly dataDir: string;
  readonly secretsKey: Buffer | undefined;
  readonly previousSecretsKey: Buffer | undefined;
}

/**
 * Opens the keyring with `SECRETS_KEY`, or with the generated key in the data directory. If both exist, the latter is a
 * previous key, and so is `SECRETS_KEY_PREVIOUS`.
 */
export async function openKeyring(sources: KeyringSources): Promise<Keyring> {
  const { dataDir, secretsKey, previousSecretsKey } = sources;
  const previous = previousSecretsKey ? [previousSecretsKey] : [];
  if (!secretsKey) return new Keyring(decoded((await loadOrCreateKey(dataDir, filename)).key), previous);

  const stored = await loadKey(dataDir, filename);
  return new Keyring(secretsKey, stored === undefined ? previous : [...previous, decoded(stored)]);
}

function decoded(text: string): Buffer {
  const key = secretsKeyOf(text);
  if (!key)
    throw new Error(`${filename} in the data directory is damaged: it must contain 32 bytes in base64 or hexadecimal`);
  return key;
}
