import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import DataLoader from "dataloader";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Credential } from "../api-key/authenticator";
import type { AccessChange, AccessNews } from "../auth/access-news";
import type { Caller } from "../auth/caller";
import { type ApiError, unauthenticated, unavailable } from "../errors";
import type { OperationRequest, Operations, Preparation, PreparedOperation } from "../operation/operations";

/** Who somebody is, as of so many changes of rights. */
export interface Identity {
  readonly caller: Caller;
  readonly asOf: number;
}

/** A connection over which events flow for longer than a request, and the operations that it has open. */
export class OpenStream {
  /** Closed while the rights are being judged again. */
  private gate: Promise<void> = Promise.resolve();
  /** What it is ended with: UNAUTHENTICATED where the rights are gone, UNAVAILABLE where nobody knows; else nothing. */
  fault: ApiError | undefined;
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

  /** Given when nothing more is to be delivered, with the fault if there is one. */
  get over(): AbortSignal {
    return this.ending.signal;
  }

  close(fault?: ApiError): void {
    this.fault ??= fault;
    this.ending.abort(this.fault);
  }

  /**
   * Prepares an operation with the rights that the caller has now. A subscription is judged again from then on, until it
   * is released.
   *
   * @param identity where it has just been asked for
   * @throws UNAUTHENTICATED where the rights are gone
   */
  admit(request: OperationRequest, identity?: Identity): Promise<Preparation & { readonly caller: Caller }> {
    return this.prepare(request, ({ operation }) => operation.operation === OperationTypeNode.SUBSCRIPTION, identity);
  }

  /**
   * Judges an operation again from now on, of which a part is still to come. What is wrong with it now is for whoever
   * executes it.
   *
   * @param identity as it was asked for before; the database is asked again only where rights have changed since
   * @returns who it is to be executed for
   * @throws UNAUTHENTICATED where the rights are gone
   */
  async watch(request: OperationRequest, identity: Identity): Promise<Identity> {
    const { caller, asOf } = await this.prepare(request, () => true, identity);
    return { caller, asOf };
  }

  private async prepare(
    request: OperationRequest,
    isWatched: (prepared: PreparedOperation) => boolean,
    identity?: Identity,
  ): Promise<Preparation & Identity> {
    const { rules } = this.streams;
    let { caller, asOf } = identity ?? (await this.streams.identify(this.credential));
    // Rights that have changed since would be missed: what was judged then did not know this operation yet.
    while (asOf !== this.streams.changes) ({ caller, asOf } = await this.streams.identify(this.credential));

    const preparation = rules.prepare(request, caller);
    const { prepared } = preparation;
    if (prepared && isWatched(prepared)) this.open.add(prepared);
    return { ...preparation, caller, asOf };
  }

  release(operation: PreparedOperation): void {
    this.open.delete(operation);
  }

  /** The API key whose rights it has, which may be taken away. */
  get keyId(): string | undefined {
    return this.caller.kind === "API_KEY" ? this.caller.keyId : undefined;
  }

  isConcernedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /**
   * Passed before each delivery, by what has the rights to it once it is there: where others may take them away, of which
   * nobody tells, that is asked each time.
   */
  async pass(): Promise<void> {
    const { hasOthers } = this.streams;
    if (hasOthers && this.keyId !== undefined && !this.over.aborted) {
      await this.judgeAgain(this.streams.holderOf(this.keyId));
    }
    // Which may have been closed once more meanwhile.
    await this.gate;
  }

  /** @param holder who holds the key now; undefined where nobody does any more */
  judgeAgain(holder: Promise<Caller | undefined>): Promise<void> {
    this.gate = this.judge(holder);
    return this.gate;
  }

  private async judge(asked: Promise<Caller | undefined>): Promise<void> {
    try {
      const caller = await asked;
      if (caller && [...this.open].every((operation) => this.streams.rules.isStillAllowed(caller, operation))) {
        this.caller = caller;
      } else {
        this.close(unauthenticated());
      }
    } catch (error) {
      // What can't be found out now is not allowed either.
      this.close(unavailable(error));
    }
  }
}

/**
 * How often rights are judged again that others may take away, and how long the database may take to say who has them
 * still, in milliseconds: together less than the two seconds in which a stream ends, whatever the database does.
 */
const [regularly, patience] = [500, 1_300];

/** The same for rights that were taken away here, where a stream ends within one second. */
const patienceAtNews = 900;

/** All the streams that this process has open. */
export class OpenStreams {
  /** Whether others may take rights away, of which nobody tells. */
  hasOthers = false;
  private readonly streams = new Set<OpenStream>();
  /** Asks the database about all keys at once that are asked about while it answers. */
  private readonly holders = new DataLoader<string, Caller | undefined>(
    async (keyIds) => {
      const asked = this.authenticator.holdersOfKeys([...new Set(keyIds)]);
      this.answered = asked.catch(() => undefined);
      const holders = await asked;
      return keyIds.map((keyId) => holders.get(keyId));
    },
    { cache: false, batchScheduleFn: (ask) => void this.answered.then(ask) },
  );
  private answered: Promise<unknown> = Promise.resolve();

  constructor(
    readonly rules: Operations,
    private readonly authenticator: Authenticator,
    private readonly accessNews: AccessNews,
  ) {
    accessNews.listen((change) => this.judgeAgain((stream) => stream.isConcernedBy(change), patienceAtNews));
  }

  /**
   * Judges all streams again and again, for where there are other instances: this one hears nothing of the rights that
   * they take away.
   *
   * @returns what stops it
   */
  judgeRegularly(): () => void {
    this.hasOthers = true;
    // Whether the judgement before has come to its end or not, as it may not know of what was taken away meanwhile.
    const judge = () => void this.judgeAgain(({ keyId }) => keyId !== undefined, patience);
    const timer = setInterval(judge, regularly).unref();
    return () => clearInterval(timer);
  }

  holderOf(keyId: string): Promise<Caller | undefined> {
    return this.holders.load(keyId);
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

  /** @param most how long the database may take, in milliseconds */
  private async judgeAgain(isConcerned: (stream: OpenStream) => boolean, most: number): Promise<void> {
    const concerned = [...this.streams].filter(isConcerned);
    if (concerned.length === 0) return;
    const keyIds = new Set(concerned.flatMap(({ keyId }) => keyId ?? []));
    // Not what is asked already: that may not know of the change yet.
    const asked = within(most, this.authenticator.holdersOfKeys([...keyIds]));
    const holderOf = async ({ keyId }: OpenStream) => (keyId === undefined ? undefined : (await asked).get(keyId));
    await Promise.all(concerned.map((stream) => stream.judgeAgain(holderOf(stream))));
  }
}

/** @throws where it takes longer than so many milliseconds */
async function within<Result>(most: number, work: Promise<Result>): Promise<Result> {
  const over = new AbortController();
  const limit = delay(most, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(`The database has not said within ${most} ms whose keys those are`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
  }
}
