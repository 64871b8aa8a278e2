/** A buffered text is written after this delay, in milliseconds, or as soon as it has this many characters. */
const maxDelayMs = 30;
const flushChars = 256;

/** Splits a text into the texts of events: events are small, because slow readers hold them in memory. */
const eventTexts = /[^]{1,10000}/gu;

/** The first text is written at the end of the turn of the event loop, or as soon as it has this many characters. */
const maxFirstChars = 10_000;

/** While the database is slow, text stays in the buffer instead of adding more pending writes than this. */
const maxPendingWrites = 8;

/**
 * Combines the output of a model, often a word at a time, into larger events. The first text is written immediately, so
 * that readers see early that there is an answer, but not before the end of the turn of the event loop: the answer may be
 * complete then, and is stored together with the end of its run, its first text still as an event of its own. A model that
 * is faster than the database has to wait, so little is kept in memory.
 */
export class OutputBuffer {
  private hasStarted = false;
  private buffered = "";
  private firstChars = 0;
  private timer: NodeJS.Timeout | undefined;
  private firstWrite: NodeJS.Immediate | undefined;
  private pendingWrites = 0;
  private written: Promise<boolean> = Promise.resolve(true);

  /** @param write resolves to false if nothing more is to be written */
  constructor(private readonly write: (text: string) => Promise<boolean>) {}

  /** @returns false if nothing more is to be written. @throws the error of a write that failed */
  async add(text: string): Promise<boolean> {
    this.buffered += text;
    this.firstChars ||= wholeCharacters(this.buffered).length;
    if (this.buffered.length >= (this.hasStarted ? flushChars : maxFirstChars))
      return this.send(wholeCharacters(this.buffered));
    if (this.hasStarted) this.scheduleWrite();
    else this.firstWrite ??= setImmediate(() => this.sendOrFailLater());
    return true;
  }

  /** Writes what is buffered. Returns and throws as `add` does. */
  flush(): Promise<boolean> {
    return this.send(this.buffered);
  }

  /**
   * Ends the output. @returns the texts of events that remain to be written, once all others are; undefined if nothing more
   * is to be written
   */
  async close(): Promise<readonly string[] | undefined> {
    const firstChars = this.hasStarted ? 0 : this.firstChars;
    const rest = this.take(this.buffered.length);
    if (!(await this.written)) return undefined;
    return [...textsOf(rest.slice(0, firstChars)), ...textsOf(rest.slice(firstChars))];
  }

  private scheduleWrite(): void {
    if (this.buffered === "" || this.pendingWrites >= maxPendingWrites) return;
    this.timer ??= setTimeout(() => this.sendOrFailLater(), maxDelayMs);
  }

  /** The next call of add or flush throws the error. */
  private sendOrFailLater(): void {
    this.send(wholeCharacters(this.buffered)).catch(() => undefined);
  }

  private take(chars: number): string {
    clearTimeout(this.timer);
    clearImmediate(this.firstWrite);
    this.timer = this.firstWrite = undefined;
    const text = this.buffered.slice(0, chars);
    this.buffered = this.buffered.slice(chars);
    return text;
  }

  private send(text: string): Promise<boolean> {
    for (const eventText of textsOf(this.take(text.length))) {
      this.hasStarted = true;
      this.pendingWrites++;
      this.written = this.written.then((mayContinue) => mayContinue && this.write(eventText));
      this.written.finally(() => this.onWritten()).catch(() => undefined);
    }
    return this.written;
  }

  private onWritten(): void {
    this.pendingWrites--;
    this.scheduleWrite();
  }
}

const textsOf = (text: string): readonly string[] => text.toWellFormed().match(eventTexts) ?? [];

/** Leaves out the first half of a surrogate pair whose second half has not arrived. */
const wholeCharacters = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, "");
