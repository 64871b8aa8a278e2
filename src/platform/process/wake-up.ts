/** Lets one loop wait until there is work, or until it is time to poll. */
export class WakeUp {
  private isPending = false;
  private endWait: () => void = () => undefined;

  /** Ends the wait. If nobody waits, the next `wait` returns immediately. */
  wakeUp(): void {
    this.isPending = true;
    this.endWait();
  }

  /** For one waiter at a time. */
  async wait(maxMs: number): Promise<void> {
    if (!this.isPending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        this.endWait = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isPending = false;
  }
}
