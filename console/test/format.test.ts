import {
  count,
  formatBytes,
  formatDuration,
  formatExact,
  formatRelative,
  splitList,
  truncateMiddle,
} from "../src/parts/format";

const now = new Date("2026-11-28T14:03:22.118Z");
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

test.each([
  [0, "just now"],
  [59, "just now"],
  [60, "1 minute ago"],
  [3_599, "59 minutes ago"],
  [3_600, "1 hour ago"],
  [86_400, "yesterday"],
  [45 * 86_400, "last month"],
  [-60, "in 1 minute"],
  [-30, "in 30 seconds"],
])("a time %d seconds ago is told as %p", (seconds, said) => {
  expect(formatRelative(ago(seconds), now)).toBe(said);
});

test("an exact time has its date, its time and, if it is wanted, its milliseconds", () => {
  expect(formatExact(now, "utc")).toBe("2026-11-28 14:03:22");
  expect(formatExact(now, "utc", true)).toBe("2026-11-28 14:03:22.118");
});

test("a long name keeps both of its ends", () => {
  expect(truncateMiddle("a-very-long-name-of-a-key", 11)).toBe("a-ver…a-key");
  expect(truncateMiddle("short", 11)).toBe("short");
});

test("a name is never cut within a character as people see it", () => {
  const family = "👨‍👩‍👧‍👦";
  expect(truncateMiddle(family.repeat(6), 6)).toBe(family.repeat(6));
  expect(truncateMiddle(family.repeat(9), 4)).toBe(`${family.repeat(2)}…${family}`);
});

test("numbers are grouped and agree with their noun", () => {
  expect([count(1, "key"), count(12_345, "key"), count(0, "entry", "entries")]).toEqual([
    "1 key",
    "12,345 keys",
    "0 entries",
  ]);
});

test("sizes and durations have a unit that fits", () => {
  expect([999, 1_000, 15_300_000].map(formatBytes)).toEqual(["999 bytes", "1.0 KB", "15 MB"]);
  expect([850, 1_250, 61_000, 3_720_000].map(formatDuration)).toEqual(["850 ms", "1.25 s", "1 min 1 s", "1 h 2 min"]);
});

test("a list may be separated by commas and by lines", () => {
  expect(splitList("10.0.0.0/8, 203.0.113.7\n\n 2001:db8::/32 ,")).toEqual([
    "10.0.0.0/8",
    "203.0.113.7",
    "2001:db8::/32",
  ]);
});
