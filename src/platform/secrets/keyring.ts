import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
/** NIST SP 800-38D, section 8.2.2: random ones of 96 bits are good for 2^32 texts under one key. */
const ivBytes = 12;
const tagBytes = 16;
const shape = /^v1\.([0-9a-f]{16})\.([0-9A-Za-z_-]+)$/;

/** Where a secret is kept. One that is put anywhere else can't be opened there. */
export interface SecretPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
}

/** Why a secret could not be opened. */
export class SecretUnreadableError extends Error {
  constructor(readonly reason: "UNKNOWN_KEY" | "TAMPERED") {
    super(reason === "UNKNOWN_KEY" ? "encrypted under a key that is not at hand" : "not what was encrypted here");
    this.name = "SecretUnreadable";
  }
}

/**
 * Keeps secrets at rest: AES-256-GCM under the current key, bound to the place where each is kept. What was kept under
 * earlier keys can be opened as long as these are given too. A kept secret says which key it needs:
 * `v1.<key id>.<base64url of initialisation vector, ciphertext and tag>`.
 */
export class Keyring {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly current: { readonly id: string; readonly key: Buffer };

  constructor(current: Buffer, previous: readonly Buffer[] = []) {
    if ([current, ...previous].some(({ length }) => length !== keyBytes)) {
      throw new Error(`A key for secrets has ${keyBytes} bytes`);
    }
    this.current = { id: idOf(current), key: current };
    this.keys = new Map([...previous, current].map((key) => [idOf(key), key]));
  }

  /** Of the key that secrets are kept under from now on. Tells nothing of the key itself. */
  get currentId(): string {
    return this.current.id;
  }

  seal(secret: string, place: SecretPlace): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.current.key, iv).setAAD(bytesOf(place));
    const ciphertext = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return `v1.${this.current.id}.${Buffer.concat([iv, ciphertext, cipher.getAuthTag()]).toString("base64url")}`;
  }

  /** @throws SecretUnreadable */
  open(sealed: string, place: SecretPlace): string {
    const [, id = "", text = ""] = shape.exec(sealed) ?? [];
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length < ivBytes + tagBytes) throw new SecretUnreadableError("TAMPERED");
    const key = this.keys.get(id);
    if (!key) throw new SecretUnreadableError("UNKNOWN_KEY");

    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(bytesOf(place))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const secret = [decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()];
      return Buffer.concat(secret).toString("utf8");
    } catch {
      throw new SecretUnreadableError("TAMPERED");
    }
  }

  /** A signature that whoever has these keys can check. What is signed for one purpose is not signed for any other. */
  sign(text: string, purpose: string): string {
    return signatureOf(text, purpose, this.current.key);
  }

  /** Whether the text was signed for this purpose, under the current key or an earlier one. */
  hasSigned(text: string, purpose: string, signature: string): boolean {
    const given = Buffer.from(signature);
    return [...this.keys.values()].some((key) => {
      const expected = Buffer.from(signatureOf(text, purpose, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }

  /** Whether a secret is kept under an earlier key. */
  isOutdated(sealed: string): boolean {
    return shape.exec(sealed)?.[1] !== this.current.id;
  }
}

/** 32 bytes as base64, base64url or hexadecimal; undefined where the text is none of them. */
export function secretsKeyOf(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (!/^(?:[0-9A-Za-z+/]{43}=?|[0-9A-Za-z_-]{43}=?)$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

/** By a key of its own for each purpose, none of which tells anything of the others. */
const signatureOf = (text: string, purpose: string, key: Buffer): string =>
  createHmac("sha256", Buffer.from(hkdfSync("sha256", key, "", `latchkey: ${purpose}`, keyBytes)))
    .update(text)
    .digest("base64url");

const idOf = (key: Buffer): string =>
  createHmac("sha256", key).update("latchkey: the id of this key").digest("hex").slice(0, 16);

const bytesOf = ({ table, column, rowId }: SecretPlace): Buffer => Buffer.from(JSON.stringify([table, column, rowId]));
