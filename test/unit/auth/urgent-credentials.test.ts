import { UrgentCredentials } from "../../../src/domain/api-key/urgent-credentials";

let nowMs = 0;
let urgent: UrgentCredentials;
beforeEach(() => {
  nowMs = 0;
  urgent = new UrgentCredentials(() => nowMs);
});

const token = (secret: string, address = "192.0.2.1") => ({ kind: "TOKEN", secret, address }) as const;
const admitted = (count: number, of: (i: number) => Parameters<UrgentCredentials["admits"]>[0]): number =>
  Array.from({ length: count }, (_, i) => urgent.admits(of(i))).filter(Boolean).length;

test("a remembered credential is admitted fifty times a second, from any address", () => {
  urgent.remember(token("one"));
  expect(admitted(100, (i) => token("one", `192.0.2.${i}`))).toBe(50);
  nowMs = 1_000;
  expect(admitted(100, () => token("one"))).toBe(50);
});

test("other credentials are admitted twice a second from a network, and twenty times from all", () => {
  expect(admitted(100, (i) => token(`${i}`))).toBe(2);
  expect(admitted(100, (i) => token(`${i}`, `198.51.100.${i}`))).toBe(18);
  nowMs = 1_000;
  expect(admitted(100, (i) => token(`${i}`))).toBe(2);
});

test("strangers take no places of a remembered credential, which is forgotten once it is refused", () => {
  urgent.remember(token("one"));
  admitted(1_000, (i) => token(`${i}`, `198.51.100.${i % 250}`));
  expect(urgent.admits(token("one"))).toBe(true);
  urgent.forget(token("one"));
  expect(urgent.admits(token("one"))).toBe(false);
});

test("API keys, guesses at the root key and malformed keys of administrators are not admitted", () => {
  for (const kind of ["API_KEY", "ADMIN_KEY", "ADMINISTRATOR_KEY"] as const) {
    const secret = kind === "ADMINISTRATOR_KEY" ? "latchkeyadm_made-up" : "latchkey_x";
    expect(urgent.admits({ kind, secret, address: "192.0.2.1" })).toBe(false);
  }
});

test("a thousand credentials are remembered, the last ones", () => {
  for (let i = 0; i <= 1_000; i++) urgent.remember(token(`${i}`));
  admitted(2, () => token("stranger"));
  expect(urgent.admits(token("0"))).toBe(false);
  expect(urgent.admits(token("1"))).toBe(true);
});
