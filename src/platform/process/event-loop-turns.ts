/** Runs one piece of work per turn of the event loop, in the order of arrival, so that input and output come between. */
export class EventLoopTurns {
  private readonly waiting: (() => void)[] = [];

  next(work: () => void): void {
    this.waiting.push(work);
    if (this.waiting.length === 1) this.schedule();
  }

  private schedule(): void {
    setImmediate(() => {
      const [work] = this.waiting;
      work?.();
      // Removed after its work, so that work that it adds does not schedule a second turn.
      this.waiting.shift();
      if (this.waiting.length > 0) this.schedule();
    });
  }
}
