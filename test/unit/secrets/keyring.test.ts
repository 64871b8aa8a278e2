import { createCipheriv, randomBytes } from "node:crypto";
import { Keyring, SecretUnreadableError, secretsKeyOf } from "../../../src/platform/secrets/keyring";

const key = randomBytes(32);
const place = {
  table: "model_connection",
  column: "apiKey",
  rowId: "1",
  usedFor: ["app", "OPENAI", "https://models.example.com"],
};
const unreadable = (reason: string) => expect.objectContaining({ name: "SecretUnreadableError", reason });

test.each(["", "sk-secret", "𝒳 é \0 日本語", "x".repeat(10_000)])(
  "a sealed secret can be opened again: %#",
  (secret) => {
    const keyring = new Keyring(key);
    const sealed = keyring.seal(secret, place);
    expect(new Keyring(key).open(sealed, place)).toBe(secret);
    if (secret !== "") expect(sealed).not.toContain(secret);
  },
);

test("a signature is verified by the current and previous keys, for its purpose only", () => {
  const [keyring, other] = [new Keyring(key), new Keyring(randomBytes(32))];
  const signature = keyring.sign("a link", "links");
  expect(keyring.hasSigned("a link", "links", signature)).toBe(true);
  expect(new Keyring(randomBytes(32), [key]).hasSigned("a link", "links", signature)).toBe(true);

  expect(other.hasSigned("a link", "links", signature)).toBe(false);
  expect(keyring.hasSigned("a link", "hooks", signature)).toBe(false);
  expect(keyring.hasSigned("another", "links", signature)).toBe(false);
  for (const wrong of ["", signature.slice(1), `${signature}=`, `${signature.slice(0, -1)}~`]) {
    expect(keyring.hasSigned("a link", "links", wrong)).toBe(false);
  }
});

test("sealing the same secret again gives a different text", () => {
  const keyring = new Keyring(key);
  const sealed = Array.from({ length: 100 }, () => keyring.seal("sk-secret", place));
  expect(new Set(sealed).size).toBe(100);
});

test("a change of any byte is detected", () => {
  const keyring = new Keyring(key);
  const sealed = keyring.seal("sk-secret", place);
  const start = sealed.lastIndexOf(".") + 1;
  const bytes = Buffer.from(sealed.slice(start), "base64url");
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
    const text = sealed.slice(0, start) + changed.toString("base64url");
    expect(() => keyring.open(text, place)).toThrow(unreadable("TAMPERED"));
  }
  for (let length = 0; length < bytes.length; length++) {
    const text = sealed.slice(0, start) + bytes.subarray(0, length).toString("base64url");
    expect(() => keyring.open(text, place)).toThrow(SecretUnreadableError);
  }
});

test.each([
  "",
  "v1",
  "v1..",
  "v2.0000000000000000.AAAA",
  "v3.0000000000000000.AAAA",
  "v1.0000000000000000.",
  "sk-secret",
])("a text that is not a sealed secret is rejected: %p", (text) => {
  expect(() => new Keyring(key).open(text, place)).toThrow(unreadable("TAMPERED"));
});

test.each([
  ["row", { ...place, rowId: "2" }],
  ["column", { ...place, column: "name" }],
  ["table", { ...place, table: "webhook" }],
  ["app", { ...place, usedFor: ["other", "OPENAI", "https://models.example.com"] }],
  ["provider", { ...place, usedFor: ["app", "ANTHROPIC", "https://models.example.com"] }],
  ["address", { ...place, usedFor: ["app", "OPENAI", "https://attacker.example.com"] }],
  ["use that is the same text", { ...place, usedFor: ["app", "OPENAI,https://models.example.com"] }],
])("a sealed secret that is moved to another %s can't be opened", (_, elsewhere) => {
  const keyring = new Keyring(key);
  expect(() => keyring.open(keyring.seal("sk-secret", place), elsewhere)).toThrow(unreadable("TAMPERED"));
});

test("a secret in the format before it was bound to its use can be opened in its cell, and counts as outdated", () => {
  const keyring = new Keyring(key);
  const iv = randomBytes(12);
  const cell = JSON.stringify([place.table, place.column, place.rowId]);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(cell));
  const bytes = Buffer.concat([iv, cipher.update("sk-secret"), cipher.final(), cipher.getAuthTag()]);
  const sealed = `v1.${keyring.currentId}.${bytes.toString("base64url")}`;

  expect(keyring.open(sealed, { ...place, usedFor: [] })).toBe("sk-secret");
  expect(() => keyring.open(sealed, { ...place, rowId: "2" })).toThrow(unreadable("TAMPERED"));
  expect(() => keyring.open(sealed.replace("v1", "v2"), place)).toThrow(unreadable("TAMPERED"));
  const current = keyring.seal("sk-secret", place);
  expect(() => keyring.open(current.replace("v2", "v1"), place)).toThrow(unreadable("TAMPERED"));
  expect([keyring.isOutdated(sealed), keyring.isOutdated(current)]).toEqual([true, false]);
});

test("a secret under a previous key can be opened while that key is given, and counts as outdated", () => {
  const next = randomBytes(32);
  const sealed = new Keyring(key).seal("sk-secret", place);
  const both = new Keyring(next, [key]);
  expect(both.open(sealed, place)).toBe("sk-secret");
  expect(both.isOutdated(sealed)).toBe(true);

  const rotated = both.seal(both.open(sealed, place), place);
  expect(both.isOutdated(rotated)).toBe(false);
  expect(new Keyring(next).open(rotated, place)).toBe("sk-secret");
  expect(() => new Keyring(next).open(sealed, place)).toThrow(unreadable("UNKNOWN_KEY"));
});

test("the id of a key reveals nothing about the key", () => {
  expect(new Keyring(key).currentId).toMatch(/^[0-9a-f]{16}$/);
  expect(key.toString("hex")).not.toContain(new Keyring(key).currentId);
  expect(new Keyring(randomBytes(32)).currentId).not.toBe(new Keyring(key).currentId);
});

test("a key is 32 bytes in base64, base64url or hexadecimal", () => {
  for (const text of [key.toString("base64"), key.toString("base64url"), key.toString("hex")]) {
    expect(secretsKeyOf(text)).toEqual(key);
  }
  expect(secretsKeyOf(key.toString("hex").toUpperCase())).toEqual(key);
  for (const text of [
    "",
    "x",
    key.subarray(1).toString("base64"),
    key.toString("hex").slice(1),
    "_+".repeat(22),
    " ",
  ]) {
    expect(secretsKeyOf(text)).toBeUndefined();
  }
  expect(() => new Keyring(key.subarray(1))).toThrow("32 bytes");
});
