import { isInAll, networkIn } from "../../../src/platform/inbound/address-list";

test.each([
  ["203.0.113.7", "203.0.113.7/32"],
  [" 10.1.2.3/8 ", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8::1", "2001:db8::1/128"],
  ["2001:db8:1::/32", "2001:db8::/32"],
  ["::ffff:10.0.0.1", "10.0.0.1/32"],
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
])("%p is stored as %p", (text, network) => {
  expect(networkIn(text)).toBe(network);
});

test.each([
  "",
  "10",
  "10.0.0",
  "10.0.0.256",
  "10.0.0.0/33",
  "::1/129",
  "10.0.0.0/-1",
  "10.0.0.0/",
  "host",
  "0x0a.0.0.1",
  "fe80::1%eth0",
])("%p is no address or network", (text) => {
  expect(networkIn(text)).toBeUndefined();
});

test("an address must be in each list that is not empty", () => {
  const [office, all] = [
    ["10.0.0.0/8", "2001:db8::/32"],
    ["0.0.0.0/0", "::/0"],
  ];
  expect(isInAll([[], []], "198.51.100.1")).toBe(true);
  expect(isInAll([[], []], "")).toBe(true);
  expect(isInAll([office, []], "10.200.0.1")).toBe(true);
  expect(isInAll([office, all], "2001:db8:ffff::1")).toBe(true);
  expect(isInAll([office, ["10.1.0.0/16"]], "10.2.0.1")).toBe(false);
  expect(isInAll([office, []], "11.0.0.1")).toBe(false);
  expect(isInAll([["0.0.0.0/0"]], "2001:db8::1")).toBe(false);
  expect(isInAll([office], "")).toBe(false);
  expect(isInAll([["10.0.0.0/8"]], "::ffff:10.0.0.1")).toBe(true);
});
