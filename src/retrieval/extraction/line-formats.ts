/** The first lines tell whether a text is made of records. */
const maxSampleLines = 200;

/** The share of lines of a log that begin with a time or a level; the others continue an entry. */
const minEntryShare = 0.4;
const minEntries = 3;

/**
 * The time, the level or the host that an entry of a log begins with, as common programs write it, after a priority (RFC
 * 5424) or the name of a program in brackets.
 */
const entryStart =
  /^(?:<\d{1,3}>(?:\d{1,2} )?|\[[\w.:/-]{1,40}\] ?)?[[(<"']?(?:\d{4}[-/.]\d\d[-/.]\d\d[T ,_]|\d{1,2}[-/.]\w{2,3}[-/.]\d{2,4}[T ,:]|\d\d:\d\d:\d\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} \d\d:\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? |\d{10}(?:\d{3})?[.\s\]]|(?:19|20)\d{6}[T ]\d{6}\b|[\da-f:.]{2,45} \S+ \S+ \[|[\w.-]{1,255} \S+ \S+ \[\d{1,2}\/\w{3}\/\d{4}:|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|time=|ts=|level=))/;

// eslint-disable-next-line no-control-regex
const colours = /\u001b\[[\d;]{0,20}m/g;

/** A line without the codes that colour it on a terminal. */
export const withoutColours = (line: string): string => line.replace(colours, "");

export const isEntryStart = (line: string): boolean => entryStart.test(withoutColours(line.slice(0, 500)));

const sampleOf = (text: string): string[] =>
  text
    .slice(0, 100_000)
    .split(/\r?\n/, maxSampleLines)
    .filter((line) => line.trim() !== "");

/** Whether most of the first lines begin an entry of a log. */
export function isLog(text: string): boolean {
  const lines = sampleOf(text);
  const entries = lines.filter(isEntryStart).length;
  return entries >= minEntries && entries >= lines.length * minEntryShare;
}

/** The share of lines that are JSON; the others are comments or damaged. */
const minJsonShare = 0.8;

/** The brackets around a list that has an element in each line. */
const bracketLine = /^[[\]{}]\s*,?$/;

/** Whether most of the first lines, and all but one of few, are an object or a list of JSON. */
export function isJsonLines(text: string): boolean {
  const lines = sampleOf(text).filter((line) => !bracketLine.test(line.trim()));
  const found = lines.filter((line) => jsonOf(line) !== undefined).length;
  // The last one may be cut off.
  return found > 1 && lines.length - found <= Math.max(1, lines.length * (1 - minJsonShare));
}

/** The object or the list of JSON in a line, without the comma after it. */
export function jsonOf(line: string): string | undefined {
  if (!/^\s*[[{]/.test(line)) return undefined;
  const json = line.trim().replace(/,$/, "");
  try {
    JSON.parse(json);
    return json;
  } catch {
    return undefined;
  }
}
