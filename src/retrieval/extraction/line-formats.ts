/** The first lines tell whether a text is made of records. */
const maxSampleLines = 200;

/** The share of lines of a log that begin with a time or a level; the others continue an entry. */
const minEntryShare = 0.4;
const minEntries = 3;

/** The time, the level or the host that an entry of a log begins with, as common programs write it. */
export const entryStart =
  /^[[(<"']?(?:\d{4}[-/.]\d\d[-/.]\d\d[T ,_]|\d{1,2}[-/.]\w{2,3}[-/.]\d{2,4}[T ,:]|\d\d:\d\d:\d\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} \d\d:\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? |\d{10}(?:\d{3})?[.\s\]]|\d{1,3}(?:\.\d{1,3}){3} \S+ \S+ \[|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|time=|ts=|level=))/;

const sampleOf = (text: string): string[] =>
  text
    .slice(0, 100_000)
    .split(/\r?\n/, maxSampleLines)
    .filter((line) => line.trim() !== "");

/** Whether most of the first lines begin an entry of a log. */
export function isLog(text: string): boolean {
  const lines = sampleOf(text);
  const entries = lines.filter((line) => entryStart.test(line)).length;
  return entries >= minEntries && entries >= lines.length * minEntryShare;
}

/** Whether each of the first lines is an object or a list of JSON. */
export function isJsonLines(text: string): boolean {
  const lines = sampleOf(text);
  // The last one may be cut off.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines;
  return whole.length > 1 && whole.every(isJsonLine);
}

export function isJsonLine(line: string): boolean {
  if (!/^\s*[[{]/.test(line)) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
