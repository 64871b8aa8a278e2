import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import type { CredentialReason } from "../../errors";

/** The start of the secrets of API keys, and of those of administrators. */
const [keyPrefix, administratorPrefix] = ["latchkey_", "latchkeyadm_"] as const;
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 43;
const checksumLength = 6;
const secretLength = randomLength + checksumLength;

/** A new secret of an API key. */
export const newSecret = (): string => secretWith(keyPrefix);

/** A new secret of an administrator. */
export const newAdministratorSecret = (): string => secretWith(administratorPrefix);

/** The prefix, 32 random bytes as 43 base-62 digits, and the CRC-32 of both as 6 digits. */
function secretWith(prefix: string): string {
  const unsigned = prefix + base62(BigInt(`0x${randomBytes(32).toString("hex")}`), randomLength);
  return unsigned + checksumOf(unsigned);
}

/** Whether a text begins as every secret of an API key does. The root key never does. */
export const isMarkedAsSecret = (text: string): boolean => text.startsWith(keyPrefix);

/** Likewise for the secrets of administrators by name. */
export const isMarkedAsAdministrator = (text: string): boolean => text.startsWith(administratorPrefix);

/** @returns why a marked text can't be a secret; undefined if it can. Finds typing errors without a database query. */
export function secretFault(text: string): CredentialReason | undefined {
  const chars = text.slice(text.indexOf("_") + 1);
  // A short credential may also have lost its end to a character that no secret has.
  if (/[^0-9A-Za-z]/.test(chars.slice(0, secretLength))) return "KEY_CHARACTERS";
  if (chars.length !== secretLength) return chars.length < secretLength ? "KEY_TOO_SHORT" : "KEY_TOO_LONG";
  return text.endsWith(checksumOf(text.slice(0, -checksumLength))) ? undefined : "KEY_CHECKSUM";
}

export const isWellFormed = (text: string): boolean => isMarkedAsSecret(text) && secretFault(text) === undefined;

/** Whether a text is in quotes or brackets, as in an example. */
export const isQuoted = (text: string): boolean => /^["'`<{[(].*["'`>}\])]$/.test(text);

/** The well-formed secrets in a text, such as a log that discloses some. Each once. */
export const secretsIn = (text: string): string[] => [
  ...new Set((text.match(/latchkey_[0-9A-Za-z]{49}(?![0-9A-Za-z])/g) ?? []).filter(isWellFormed)),
];

/** The SHA-256, which is stored instead of the secret. A secret of 32 random bytes needs neither salt nor a slow hash. */
export const digestOf = (secret: string): Buffer => hash("sha256", secret, "buffer");

/** The start and the end of a secret, to recognize it by. */
export const hintOf = (secret: string): string => `${secret.slice(0, secret.indexOf("_") + 5)}…${secret.slice(-4)}`;

/** Compares in constant time, also texts of different lengths, because their digests have the same length. */
export const isSameSecret = (one: string, other: string): boolean => timingSafeEqual(digestOf(one), digestOf(other));

const checksumOf = (text: string): string => base62(BigInt(crc32(text)), checksumLength);

function base62(value: bigint, length: number): string {
  let text = "";
  for (let remaining = value; remaining > 0n; remaining /= 62n) {
    text = digits.charAt(Number(remaining % 62n)) + text;
  }
  return text.padStart(length, "0");
}
