/** Names whose access may have changed: one key, all keys of a scope, all keys of an app, an administrator, or one session of the console. */
export type AccessChange =
  | { readonly keyId: string }
  | { readonly scopeId: string }
  | { readonly appId: string }
  | { readonly administratorId: string }
  | { readonly consoleSessionId: string };

type Listener = (change: AccessChange) => Promise<void>;

/**
 * Notifies this process of access that was taken away, after the transaction has committed. It decides nothing: each
 * listener asks the database again. A revocation is answered only after all listeners have done so.
 */
export class AccessNotifier {
  private readonly listeners = new Set<Listener>();
  private readonly streamCounters = new Set<(keyIds: ReadonlySet<string>) => number>();
  private changes = 0;

  /** The number of changes so far, so that a caller identified before the last change can be identified again. */
  get changeCount(): number {
    return this.changes;
  }

  listen(listener: Listener): void {
    this.listeners.add(listener);
  }

  /** @param counter counts the streams that keys have open in this process */
  countStreamsBy(counter: (keyIds: ReadonlySet<string>) => number): void {
    this.streamCounters.add(counter);
  }

  /** The number of streams that these keys have open in this process. */
  countStreams(keyIds: ReadonlySet<string>): number {
    return [...this.streamCounters].reduce((sum, counter) => sum + counter(keyIds), 0);
  }

  async notify(change: AccessChange): Promise<void> {
    this.changes += 1;
    await Promise.all([...this.listeners].map((listener) => listener(change)));
  }
}
