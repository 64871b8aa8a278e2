import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const prefix = "latchkey_";
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 43;
const checksumLength = 6;
const shape = new RegExp(`^${prefix}[0-9A-Za-z]{${randomLength + checksumLength}}$`);

/** A new secret: the prefix, 32 random bytes as 43 base-62 digits, and 6 digits of CRC-32 over all that stands before. */
export function newSecret(): string {
  const unsigned = prefix + base62(BigInt(`0x${randomBytes(32).toString("hex")}`), randomLength);
  return unsigned + checksumOf(unsigned);
}

/** Whether a text can be a secret at all. Turns away typing errors and made-up keys before the database is asked. */
export function isWellFormed(text: string): boolean {
  return shape.test(text) && text.endsWith(checksumOf(text.slice(0, -checksumLength)));
}

/** What is kept of a secret: its SHA-256. A secret of 32 random bytes needs no salt and no slow hash. */
export const digestOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** The start and end of a secret, to recognise it by. */
export const hintOf = (secret: string): string => `${secret.slice(0, prefix.length + 4)}…${secret.slice(-4)}`;

/** Compares in constant time: the digests are of one length, whatever was sent. */
export const isSameSecret = (one: string, other: string): boolean => timingSafeEqual(digestOf(one), digestOf(other));

const checksumOf = (text: string): string => base62(BigInt(crc32(text)), checksumLength);

function base62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; rest > 0n; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, "0");
}
