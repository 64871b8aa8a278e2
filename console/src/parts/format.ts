const number = new Intl.NumberFormat("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

/** 12345 → 12,345. */
export const formatNumber = (value: number): string => number.format(value);

/** A number with its noun: 1 key, 2 keys. */
export const count = (value: number, noun: string, plural = `${noun}s`): string =>
  `${formatNumber(value)} ${value === 1 ? noun : plural}`;

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago, or in how long: `just now`, `3 minutes ago`, `in 2 days`. */
export function formatRelative(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  for (const [unit, size] of units)
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return seconds > 10 ? `in ${String(seconds)} seconds` : "just now";
}

const two = (value: number): string => String(value).padStart(2, "0");
const three = (value: number): string => String(value).padStart(3, "0");

/** `2026-11-28 14:03:22`, in the person's zone or in UTC. */
export function formatExact(at: Date, zone: "local" | "utc", withMillis = false): string {
  const shifted = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  const date = `${String(shifted.getUTCFullYear())}-${two(shifted.getUTCMonth() + 1)}-${two(shifted.getUTCDate())}`;
  return `${date} ${formatClock(shifted, withMillis)}`;
}

function formatClock(shifted: Date, withMillis: boolean): string {
  const time = `${two(shifted.getUTCHours())}:${two(shifted.getUTCMinutes())}:${two(shifted.getUTCSeconds())}`;
  return withMillis ? `${time}.${three(shifted.getUTCMilliseconds())}` : time;
}

/** `14:03:22.118`, in the person's zone. */
export const formatTime = (at: Date, withMillis = false): string =>
  formatClock(new Date(at.getTime() - at.getTimezoneOffset() * 60_000), withMillis);

/** `UTC`, `UTC+02:00`. */
export function zoneName(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const absolute = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cuts a long text in its middle, between characters as people see them, so that both ends can be recognized. */
export function truncateMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  if (characters.length <= maxLength) return text;
  const kept = maxLength - 1;
  const head = Math.ceil(kept / 2);
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - (kept - head)).join("")}`;
}

/** 1536 → 1.5 KB. */
export function formatBytes(bytes: number): string {
  const names = ["bytes", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < names.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : formatNumber(Math.round(value))} ${names[unit] ?? ""}`;
}

/** 3720 → 1 h 2 min; 850 ms; 1.25 s. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${String(minutes)} min ${String(Math.floor((ms % 60_000) / 1_000))} s`
    : `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** Texts separated by commas or line breaks, without empty ones. */
export const splitList = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
