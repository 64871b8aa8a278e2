/** How long a text waits for more to come, in milliseconds, and how many characters are enough without waiting. */
const maxDelayMs = 30;
const flushChars = 256;

/** So many characters an event has at most, as readers may take their time for it. */
const maxWriteChars = /[^]{1,10000}/gu;

/** A slow database has at most so many writes before it; what is said meanwhile is gathered. */
const maxPendingWrites = 8;

/**
 * Gathers what a model says, often a word at a time, into events of a fair size; but its beginning is written at once, so
 * that readers see soon that there is an answer. Who says more than is written waits, so that little is kept in memory.
 */
export class OutputBuffer {
  private hasBegun = false;
  private kept = "";
  private timer: NodeJS.Timeout | undefined;
  private writes = 0;
  private written: Promise<boolean> = Promise.resolve(true);

  /** @param write gives false where nothing is to be written any more */
  constructor(private readonly write: (text: string) => Promise<boolean>) {}

  /** @returns false where nothing is to be said any more */
  async add(text: string): Promise<boolean> {
    this.kept += text;
    if (!this.hasBegun || this.kept.length >= flushChars) return this.send(wholeCharacters(this.kept));
    this.wait();
    return true;
  }

  /** Writes what has been said so far. @returns as `add` */
  flush(): Promise<boolean> {
    return this.send(this.kept);
  }

  private wait(): void {
    if (this.kept === "" || this.writes >= maxPendingWrites) return;
    this.timer ??= setTimeout(() => {
      // Who adds or flushes next is told of what failed.
      this.send(wholeCharacters(this.kept)).catch(() => undefined);
    }, maxDelayMs);
  }

  private send(text: string): Promise<boolean> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.kept = this.kept.slice(text.length);
    for (const part of text.toWellFormed().match(maxWriteChars) ?? []) {
      this.hasBegun = true;
      this.writes++;
      this.written = this.written.then((goesOn) => goesOn && this.write(part));
      this.written.finally(() => this.wrote()).catch(() => undefined);
    }
    return this.written;
  }

  private wrote(): void {
    this.writes--;
    this.wait();
  }
}

/** Without the first half of a character of which the other half is still to come. */
const wholeCharacters = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, "");
