import { setMaxListeners } from "node:events";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Credential } from "../api-key/authenticator";
import type { AccessChange, AccessNews } from "../auth/access-news";
import type { Caller } from "../auth/caller";
import type { OperationRequest, Operations, Preparation, PreparedOperation } from "../operation/operations";

/** Who somebody is, as of so many changes of rights. */
export interface Identity {
  readonly caller: Caller;
  readonly asOf: number;
}

/** A connection over which events flow for longer than a request, and the operations that it has open. */
export class OpenStream {
  /** Passed before each delivery: closed while the rights are being judged again. */
  gate: Promise<void> = Promise.resolve();
  /** Whether it ended because the rights that it was opened with are gone. */
  isRevoked = false;
  private readonly open = new Set<PreparedOperation>();
  private readonly ending = new AbortController();

  constructor(
    readonly credential: Credential,
    private caller: Caller,
    private readonly streams: OpenStreams,
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
   * @param identity where it has just been asked for
   * @throws UNAUTHENTICATED where the rights are gone
   */
  async admit(request: OperationRequest, identity?: Identity): Promise<Preparation & { readonly caller: Caller }> {
    const { rules } = this.streams;
    let { caller, asOf } = identity ?? (await this.streams.identify(this.credential));
    // Rights that have changed since would be missed: what was judged then did not know this operation yet.
    while (asOf !== this.streams.changes) ({ caller, asOf } = await this.streams.identify(this.credential));

    const preparation = rules.prepare(request, caller);
    const { prepared } = preparation;
    if (prepared?.operation.operation === OperationTypeNode.SUBSCRIPTION) this.open.add(prepared);
    return { ...preparation, caller };
  }

  release(operation: PreparedOperation): void {
    this.open.delete(operation);
  }

  /** Whether its rights are those of an API key, which may be taken away. */
  get hasKey(): boolean {
    return this.caller.kind === "API_KEY";
  }

  isConcernedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /** @param caller who it is now; undefined where nobody is any more */
  judgeAgain(caller: Promise<Caller | undefined>): Promise<void> {
    this.gate = this.judge(caller);
    return this.gate;
  }

  private async judge(found: Promise<Caller | undefined>): Promise<void> {
    const caller = await found;
    if (caller && [...this.open].every((operation) => this.streams.rules.isStillAllowed(caller, operation))) {
      this.caller = caller;
      return;
    }
    this.isRevoked = true;
    this.close();
  }
}

/** How often rights are judged again that others may take away, in milliseconds. */
const regularly = 1_000;

/** All the streams that this process has open. */
export class OpenStreams {
  private readonly streams = new Set<OpenStream>();

  constructor(
    readonly rules: Operations,
    private readonly authenticator: Authenticator,
    private readonly accessNews: AccessNews,
  ) {
    accessNews.listen((change) => this.judgeAgain((stream) => stream.isConcernedBy(change)));
  }

  /**
   * Judges all streams again each second, for where there are other instances: this one hears nothing of the rights that
   * they take away.
   *
   * @returns what stops it
   */
  judgeRegularly(): () => void {
    let judging: Promise<void> | undefined;
    const timer = setInterval(() => {
      judging ??= this.judgeAgain((stream) => stream.hasKey).finally(() => (judging = undefined));
    }, regularly).unref();
    return () => clearInterval(timer);
  }

  get changes(): number {
    return this.accessNews.count;
  }

  async identify(credential: Credential): Promise<Identity> {
    const asOf = this.changes;
    return { caller: await this.authenticator.authenticate(credential), asOf };
  }

  open(credential: Credential, caller: Caller): OpenStream {
    const stream = new OpenStream(credential, caller, this);
    this.streams.add(stream);
    return stream;
  }

  remove(stream: OpenStream): void {
    this.streams.delete(stream);
  }

  /** For when the server stops. */
  closeAll(): void {
    for (const stream of this.streams) stream.close();
  }

  private async judgeAgain(isConcerned: (stream: OpenStream) => boolean): Promise<void> {
    // The database is asked once for a key, however many streams it has open.
    const callers = new Map<string, Promise<Caller | undefined>>();
    const callerOf = ({ credential }: OpenStream) => {
      const asked = callers.get(credential.secret);
      // What can't be found out now is not allowed either.
      const caller = asked ?? this.authenticator.authenticate(credential).catch(() => undefined);
      callers.set(credential.secret, caller);
      return caller;
    };
    const concerned = [...this.streams].filter(isConcerned);
    await Promise.all(concerned.map((stream) => stream.judgeAgain(callerOf(stream))));
  }
}
