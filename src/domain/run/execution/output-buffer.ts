/** A buffered text is written after this delay, in milliseconds, or as soon as it has this many characters. */
const maxDelayMs = 30;
const flushChars = 256;

/** Splits a text into the texts of events: events are small, because slow readers hold them in memory. */
const eventTexts = /[^]{1,10000}/gu;

/** While the database is slow, text stays in the buffer instead of adding more pending writes than this. */
const maxPendingWrites = 8;

/**
 * Combines the output of a model, often a word at a time, into larger events. The first text is written immediately, so
 * that readers see early that there is an answer. A model that is faster than the database has to wait, so little is kept
 * in memory.
 */
export class OutputBuffer {
  private hasStarted = false;
  private buffered = "";
  private timer: NodeJS.Timeout | undefined;
  private pendingWrites = 0;
  private written: Promise<boolean> = Promise.resolve(true);

  /** @param write resolves to false if nothing more is to be written */
  constructor(private readonly write: (text: string) => Promise<boolean>) {}

  /** @returns false if nothing more is to be written. @throws the error of a write that failed */
  async add(text: string): Promise<boolean> {
    this.buffered += text;
    if (!this.hasStarted || this.buffered.length >= flushChars) return this.send(wholeCharacters(this.buffered));
    this.scheduleWrite();
    return true;
  }

  /** Writes what is buffered. Returns and throws as `add` does. */
  flush(): Promise<boolean> {
    return this.send(this.buffered);
  }

  private scheduleWrite(): void {
    if (this.buffered === "" || this.pendingWrites >= maxPendingWrites) return;
    this.timer ??= setTimeout(() => {
      // The next call of add or flush throws the error.
      this.send(wholeCharacters(this.buffered)).catch(() => undefined);
    }, maxDelayMs);
  }

  private send(text: string): Promise<boolean> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.buffered = this.buffered.slice(text.length);
    for (const eventText of text.toWellFormed().match(eventTexts) ?? []) {
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

/** Leaves out the first half of a surrogate pair whose second half has not arrived. */
const wholeCharacters = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, "");
