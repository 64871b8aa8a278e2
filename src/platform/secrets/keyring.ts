import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { SigningKeys } from "./signing-keys";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
/** NIST SP 800-38D, section 8.2.2: random 96-bit IVs are safe for 2^32 texts under one key. */
const ivBytes = 12;
const tagBytes = 16;
const sealedFormat = /^(v[12])\.([0-9a-f]{16})\.([0-9A-Za-z_-]+)$/;

/** The cell of a sealed secret, and what the secret is for. It can't be opened in another cell or for anything else. */
export interface SecretPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
  /** The app, and the provider and address that the secret may be sent to, as the row says. */
  readonly usedFor: readonly string[];
}

export class SecretUnreadableError extends Error {
  constructor(readonly reason: "UNKNOWN_KEY" | "TAMPERED") {
    super(reason === "UNKNOWN_KEY" ? "encrypted with an unknown key" : "not encrypted for this place and use");
    this.name = "SecretUnreadableError";
  }
}

/**
 * Encrypts secrets at rest with AES-256-GCM under the current key, bound to their place by the additional authenticated
 * data. Secrets under previous keys can be opened if these keys are given. A sealed secret names its format and its key:
 * `v2.<key id>.<base64url of initialisation vector, ciphertext and tag>`. The earlier format v1 is bound to the cell only;
 * it can be opened, and counts as outdated.
 */
export class Keyring {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly current: { readonly id: string; readonly key: Buffer };

  constructor(current: Buffer, previous: readonly Buffer[] = []) {
    if ([current, ...previous].some(({ length }) => length !== keyBytes)) {
      throw new Error(`A key for secrets must have ${keyBytes} bytes.`);
    }
    this.current = { id: idOf(current), key: current };
    this.keys = new Map([...previous, current].map((key) => [idOf(key), key]));
  }

  /** The id of the current key. Reveals nothing about the key. */
  get currentId(): string {
    return this.current.id;
  }

  seal(secret: string, place: SecretPlace): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.current.key, iv).setAAD(boundTo(place, "v2"));
    const ciphertext = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return `v2.${this.current.id}.${Buffer.concat([iv, ciphertext, cipher.getAuthTag()]).toString("base64url")}`;
  }

  /** @throws {SecretUnreadableError} */
  open(sealed: string, place: SecretPlace): string {
    const [, format = "", id = "", text = ""] = sealedFormat.exec(sealed) ?? [];
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length < ivBytes + tagBytes) throw new SecretUnreadableError("TAMPERED");
    const key = this.keys.get(id);
    if (!key) throw new SecretUnreadableError("UNKNOWN_KEY");

    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(boundTo(place, format))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const secret = [decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()];
      return Buffer.concat(secret).toString("utf8");
    } catch {
      throw new SecretUnreadableError("TAMPERED");
    }
  }

  /** Signs a text for one purpose; the signature is not valid for another purpose. */
  sign(text: string, purpose: string): string {
    return signatureOf(text, purpose, this.current.key);
  }

  /** Verifies a signature by the current key or a previous one. */
  hasSigned(text: string, purpose: string, signature: string): boolean {
    const actual = Buffer.from(signature);
    return [...this.keys.values()].some((key) => {
      const expected = Buffer.from(signatureOf(text, purpose, key));
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    });
  }

  /** The Ed25519 keys for one purpose: each key of the ring has one, so that all instances sign with the same key. */
  signingKeys(purpose: string): SigningKeys {
    const { key } = this.current;
    const previous = [...this.keys.values()].filter((each) => each !== key);
    return new SigningKeys([derived(key, purpose), ...previous.map((each) => derived(each, purpose))]);
  }

  /** Every secret that is sealed with the current key in the current format begins with it. */
  get currentPrefix(): string {
    return `v2.${this.current.id}.`;
  }

  /** Whether a secret is sealed with a previous key or in an earlier format. */
  isOutdated(sealed: string): boolean {
    return !sealed.startsWith(this.currentPrefix);
  }
}

/** Decodes 32 bytes from base64, base64url or hexadecimal. @returns undefined if the text is something else */
export function secretsKeyOf(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (!/^(?:[0-9A-Za-z+/]{43}=?|[0-9A-Za-z_-]{43}=?)$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

/** Derives a separate key for each purpose; none of them reveals another. */
const signatureOf = (text: string, purpose: string, key: Buffer): string =>
  createHmac("sha256", derived(key, purpose)).update(text).digest("base64url");

const derived = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, "", `latchkey: ${purpose}`, keyBytes));

const idOf = (key: Buffer): string =>
  createHmac("sha256", key).update("latchkey: the id of this key").digest("hex").slice(0, 16);

function boundTo({ table, column, rowId, usedFor }: SecretPlace, format: string): Buffer {
  const cell = [table, column, rowId];
  return Buffer.from(JSON.stringify(format === "v1" ? cell : [format, ...cell, ...usedFor]));
}
