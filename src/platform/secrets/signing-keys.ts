import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** A signature, and the id of the key that made it. */
export interface Signature {
  readonly keyId: string;
  /** In base64url. */
  readonly signature: string;
}

/** The result of checking a signature. */
export type SignatureVerdict = "VALID" | "INVALID" | "UNKNOWN_KEY";

const publicKeyBytes = 32;
/** The encodings of an Ed25519 key are these prefixes and 32 bytes (RFC 8410). */
const [privatePrefix, publicPrefix] = [
  Buffer.from("302e020100300506032b657004220420", "hex"),
  Buffer.from("302a300506032b6570032100", "hex"),
];

/** Verifies Ed25519 signatures by the keys that are given. */
export class SignatureVerifier {
  private readonly keys: ReadonlyMap<string, KeyObject>;

  /** @param publicKeys each as 32 bytes in base64url */
  constructor(publicKeys: readonly string[]) {
    this.keys = new Map(publicKeys.map((text) => [keyIdOf(text), publicKeyOf(text)]));
  }

  verify(text: string, { keyId, signature }: Signature): SignatureVerdict {
    const key = this.keys.get(keyId);
    if (!key) return "UNKNOWN_KEY";
    return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url")) ? "VALID" : "INVALID";
  }
}

/** Signs with the current key, and verifies by it and by those that were current before. */
export class SigningKeys extends SignatureVerifier {
  private readonly privateKey: KeyObject;
  readonly publicKeys: readonly string[];
  readonly keyId: string;

  /** @param seeds 32 bytes for each key, the current one first */
  constructor(seeds: readonly [Buffer, ...Buffer[]]) {
    const privateKeys = seeds.map((seed) =>
      createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: "der", type: "pkcs8" }),
    );
    const publicKeys = privateKeys.map(publicTextOf);
    super(publicKeys);
    const [current] = privateKeys;
    if (!current) throw new Error("There is no key to sign with.");
    this.privateKey = current;
    this.publicKeys = publicKeys;
    // Once, as each signature names it.
    this.keyId = keyIdOf(this.publicKey);
  }

  /** The current key. */
  get publicKey(): string {
    return this.publicKeys[0] ?? "";
  }

  sign(text: string): Signature {
    return { keyId: this.keyId, signature: sign(null, Buffer.from(text), this.privateKey).toString("base64url") };
  }
}

/** Identifies a public key, and reveals nothing about the private one. */
export const keyIdOf = (publicKey: string): string =>
  createHash("sha256").update(Buffer.from(publicKey, "base64url")).digest("hex").slice(0, 16);

/** Whether a text is a public key as these signatures are verified by. */
export const isPublicKey = (text: string): boolean =>
  /^[\w-]{43}$/.test(text) && Buffer.from(text, "base64url").length === publicKeyBytes;

const publicTextOf = (key: KeyObject): string =>
  createPublicKey(key).export({ format: "der", type: "spki" }).subarray(publicPrefix.length).toString("base64url");

const publicKeyOf = (text: string): KeyObject =>
  createPublicKey({
    key: Buffer.concat([publicPrefix, Buffer.from(text, "base64url")]),
    format: "der",
    type: "spki",
  });
