import crypto from "node:crypto";
import { digestOf, hintOf, isSameSecret, isWellFormed, newSecret } from "../../../src/domain/api-key/secret";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Computed by another program: random bytes, the secret made of them, and its SHA-256. */
const vectors: [name: string, random: string, secret: string, digest: string][] = [
  [
    "zeros",
    "00".repeat(32),
    "latchkey_00000000000000000000000000000000000000000000V34DS",
    "12bcd9b754a53deb22ee6a18f43aede4d7c84d941f1ddadefc76acf8158aaf62",
  ],
  [
    "ones",
    "ff".repeat(32),
    "latchkey_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13EmvWs",
    "1e7aeb608874196278d43ee197b948a28e874a60eb7ea631febb953c0d51c699",
  ],
  [
    "0 to 31",
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "latchkey_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0zg5TG",
    "1cfe4c2434221e3954c5e971772beed295e06b5330a74f69653e831903e5897f",
  ],
  [
    "61, the last digit",
    "00".repeat(31) + "3d",
    "latchkey_000000000000000000000000000000000000000000z2aS460",
    "02e9718cfac29e07f95a76822995da1ee3d97a081b6b74a44dfd9119f97c6103",
  ],
  [
    "40, with a small checksum",
    "00".repeat(31) + "28",
    "latchkey_000000000000000000000000000000000000000000e00OUu9",
    "f7c2242d1881a3f6af79dfbfbf9b71d1e846c85e9a3caccd45fc5dd30787d002",
  ],
];

test.each(vectors)(
  "the random bytes %s result in the secret of another implementation",
  (_, random, secret, digest) => {
    const spy = jest.spyOn(crypto, "randomBytes").mockImplementation((size: number) => {
      expect(size).toBe(32);
      return Buffer.from(random, "hex");
    });
    try {
      expect(newSecret()).toBe(secret);
    } finally {
      spy.mockRestore();
    }
    expect(isWellFormed(secret)).toBe(true);
    expect(digestOf(secret).toString("hex")).toBe(digest);
  },
);

test("secrets differ from each other, and each has the prefix and 49 digits", () => {
  const secrets = Array.from({ length: 1_000 }, newSecret);
  expect(new Set(secrets).size).toBe(1_000);
  for (const secret of secrets) {
    expect(secret).toMatch(/^latchkey_[0-9A-Za-z]{49}$/);
    expect(isWellFormed(secret)).toBe(true);
  }
});

test("a secret with any one wrong character is refused", () => {
  const secret = newSecret();
  for (let i = 0; i < secret.length; i++) {
    for (const digit of `${digits}_- …`) {
      const typo = secret.slice(0, i) + digit + secret.slice(i + 1);
      if (isWellFormed(typo) !== (typo === secret)) throw new Error(`${typo}, mistyped from ${secret}`);
    }
  }
});

test("a secret with two neighbors swapped, or with a character missing or added, is refused", () => {
  const [, , [, , secret]] = vectors as [unknown, unknown, (typeof vectors)[number]];
  for (let i = 0; i < secret.length; i++) {
    const [before, one, other, after] = [secret.slice(0, i), secret[i], secret[i + 1] ?? "", secret.slice(i + 2)];
    if (one !== other) expect(isWellFormed(`${before}${other}${one}${after}`)).toBe(other === "");
    expect(isWellFormed(`${before}${other}${after}`)).toBe(false);
    expect(isWellFormed(`${before}${one}${one}${other}${after}`)).toBe(false);
  }
  for (const text of ["", "latchkey_", secret.toUpperCase(), ` ${secret}`, `${secret}\n`, secret.slice(9)]) {
    expect(isWellFormed(text)).toBe(false);
  }
});

test.each([
  "latchkey_0000000000000000000000000000000000000000001aCQ4Z",
  "latchkey_000000000000000000000000000000000000000000000ruUgH",
  "Latchkey_00000000000000000000000000000000000000000001SSpQe",
  "latchkey-00000000000000000000000000000000000000000001Sj9oC",
  "latchkey_000000000000000000000000000000000000000000-2CfXsZ",
  "000000",
])("%s is refused for its form, although its checksum is right", (text) => {
  expect(isWellFormed(text)).toBe(false);
});

test("a hint has only the first four and the last four digits", () => {
  expect(hintOf("latchkey_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0zg5TG")).toBe("latchkey_003a…g5TG");
});

test("secrets are the same only if all their characters are", () => {
  expect(isSameSecret("a secret", "a secret")).toBe(true);
  for (const other of ["A secret", "a secret ", "a secre", ""]) expect(isSameSecret("a secret", other)).toBe(false);
});
