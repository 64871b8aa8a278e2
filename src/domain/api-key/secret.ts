import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const prefix = "latchkey_";
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 43;
const checksumLength = 6;
const shape = new RegExp(`^${prefix}[0-9A-Za-z]{${randomLength + checksumLength}}$`);

/** The prefix, 32 random bytes as 43 base-62 digits, and the CRC-32 of both as 6 digits. */
export function newSecret(): string {
  const unsigned = prefix + base62(BigInt(`0x${randomBytes(32).toString("hex")}`), randomLength);
  return unsigned + checksumOf(unsigned);
}

/** Whether a text has the form and the checksum of a secret. Rejects typing errors without a database query. */
export function isWellFormed(text: string): boolean {
  return shape.test(text) && text.endsWith(checksumOf(text.slice(0, -checksumLength)));
}

/** The SHA-256, which is stored instead of the secret. A secret of 32 random bytes needs neither salt nor a slow hash. */
export const digestOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** The start and the end of a secret, to recognize it by. */
export const hintOf = (secret: string): string => `${secret.slice(0, prefix.length + 4)}…${secret.slice(-4)}`;

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
