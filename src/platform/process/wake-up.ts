/** Lets one loop wait until there is work, or until it is time to poll. */
export class WakeUp {
  private isPending = false;
  private endWait: () => void = () => undefined;

  /** Ends the wait. If nobody waits, the next `wait` returns immediately. */
  wakeUp(): void {
    this.isPending = true;
    this.endWait();
  }

  /** For one waiter at a time. @returns whether it was woken up */
  async wait(maxMs: number): Promise<boolean> {
    if (!this.isPending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        this.endWait = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const isWokenUp = this.isPending;
    this.isPending = false;
    return isWokenUp;
  }
}
