import type { Authenticator, Credential } from "../api-key/authenticator";
import type { AccessChange, AccessNews } from "../auth/access-news";
import type { Caller } from "../auth/caller";
import type { Operations, PreparedOperation } from "../operation/operations";

/** A connection over which events flow for longer than a request, and the operations that it has open. */
export class OpenStream {
  /** Passed before each delivery: closed while the rights are being judged again. */
  gate: Promise<void> = Promise.resolve();
  /** Whether it ended because the rights that it was opened with are gone. */
  isRevoked = false;
  readonly operations = new Set<PreparedOperation>();
  private readonly ending = new AbortController();

  constructor(
    readonly credential: Credential,
    private caller: Caller,
    private readonly authenticator: Authenticator,
    private readonly rules: Operations,
  ) {}

  /** Given when nothing more is to be delivered. */
  get over(): AbortSignal {
    return this.ending.signal;
  }

  close(): void {
    this.ending.abort();
  }

  isConcernedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  judgeAgain(): Promise<void> {
    this.gate = this.judge();
    return this.gate;
  }

  private async judge(): Promise<void> {
    // What can't be found out now is not allowed either.
    const caller = await this.authenticator.authenticate(this.credential).catch(() => undefined);
    if (caller && [...this.operations].every((operation) => this.rules.isStillAllowed(caller, operation))) {
      this.caller = caller;
      return;
    }
    this.isRevoked = true;
    this.close();
  }
}

/** All the streams that this process has open. */
export class OpenStreams {
  private readonly streams = new Set<OpenStream>();

  constructor(accessNews: AccessNews) {
    accessNews.listen(async (change) => {
      const concerned = [...this.streams].filter((stream) => stream.isConcernedBy(change));
      await Promise.all(concerned.map((stream) => stream.judgeAgain()));
    });
  }

  add(stream: OpenStream): void {
    this.streams.add(stream);
  }

  remove(stream: OpenStream): void {
    this.streams.delete(stream);
  }

  /** For when the server stops. */
  closeAll(): void {
    for (const stream of this.streams) stream.close();
  }
}
