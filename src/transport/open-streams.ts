import { setMaxListeners } from "node:events";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Credential } from "../api-key/authenticator";
import type { AccessChange, AccessNews } from "../auth/access-news";
import type { Caller } from "../auth/caller";
import type { OperationRequest, Operations, Preparation, PreparedOperation } from "../operation/operations";

/** A connection over which events flow for longer than a request, and the operations that it has open. */
export class OpenStream {
  /** Passed before each delivery: closed while the rights are being judged again. */
  gate: Promise<void> = Promise.resolve();
  /** Whether it ended because the rights that it was opened with are gone. */
  isRevoked = false;
  private readonly open = new Set<PreparedOperation>();
  private readonly ending = new AbortController();
  private judgements = 0;

  constructor(
    readonly credential: Credential,
    private caller: Caller,
    private readonly authenticator: Authenticator,
    private readonly rules: Operations,
  ) {
    // Each operation listens, and Node warns of more than ten.
    setMaxListeners(0, this.over);
  }

  /** Given when nothing more is to be delivered. */
  get over(): AbortSignal {
    return this.ending.signal;
  }

  close(): void {
    this.ending.abort();
  }

  /**
   * Prepares an operation with the rights that the caller has now. A subscription is judged again from then on, until it
   * is released.
   *
   * @throws UNAUTHENTICATED where the rights are gone
   */
  async admit(request: OperationRequest): Promise<Preparation & { readonly caller: Caller }> {
    for (;;) {
      const before = this.judgements;
      const caller = await this.authenticator.authenticate(this.credential);
      // Rights that changed while it was asked would be missed: what was judged then did not know this operation yet.
      if (this.judgements !== before) continue;
      const preparation = this.rules.prepare(request, caller);
      const { prepared } = preparation;
      if (prepared?.operation.operation === OperationTypeNode.SUBSCRIPTION) this.open.add(prepared);
      return { ...preparation, caller };
    }
  }

  release(operation: PreparedOperation): void {
    this.open.delete(operation);
  }

  isConcernedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /** @param caller who it is now; undefined where nobody is any more */
  judgeAgain(caller: Promise<Caller | undefined>): Promise<void> {
    this.judgements += 1;
    this.gate = this.judge(caller);
    return this.gate;
  }

  private async judge(found: Promise<Caller | undefined>): Promise<void> {
    const caller = await found;
    if (caller && [...this.open].every((operation) => this.rules.isStillAllowed(caller, operation))) {
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

  constructor(
    accessNews: AccessNews,
    private readonly authenticator: Authenticator,
  ) {
    accessNews.listen((change) => this.judgeAgain(change));
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

  private async judgeAgain(change: AccessChange): Promise<void> {
    // The database is asked once for a key, however many streams it has open.
    const callers = new Map<string, Promise<Caller | undefined>>();
    const callerOf = ({ credential }: OpenStream) => {
      const asked = callers.get(credential.secret);
      // What can't be found out now is not allowed either.
      const caller = asked ?? this.authenticator.authenticate(credential).catch(() => undefined);
      callers.set(credential.secret, caller);
      return caller;
    };
    const concerned = [...this.streams].filter((stream) => stream.isConcernedBy(change));
    await Promise.all(concerned.map((stream) => stream.judgeAgain(callerOf(stream))));
  }
}
