import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import DataLoader from "dataloader";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Credential, Identity } from "../../domain/api-key/authenticator";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import type { OperationRequest, Operations, Preparation, PreparedOperation } from "../graphql/operations";
import { AuthorizedConnection } from "./authorized-connection";

/** A connection over which operations come, and what they tell for longer than a request takes. */
export class LiveConnection extends AuthorizedConnection {
  private readonly open = new Set<PreparedOperation>();

  constructor(
    readonly credential: Credential,
    caller: Caller,
    private readonly connections: LiveConnections,
  ) {
    super(caller);
    // Each operation listens, and Node warns of more than ten.
    setMaxListeners(0, this.closed);
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
   * @throws UNAUTHENTICATED where the rights are gone
   */
  async watch(request: OperationRequest, identity: Identity): Promise<void> {
    await this.prepare(request, () => true, identity);
  }

  private async prepare(
    request: OperationRequest,
    isWatched: (prepared: PreparedOperation) => boolean,
    identity?: Identity,
  ): Promise<Preparation & Identity> {
    const { authenticator, rules } = this.connections;
    let { caller, asOf } = identity ?? (await authenticator.identify(this.credential));
    // Rights that have changed since would be missed: what was judged then did not know this operation yet.
    while (asOf !== authenticator.changeCount) ({ caller, asOf } = await authenticator.identify(this.credential));

    const preparation = rules.prepare(request, caller);
    const { prepared } = preparation;
    if (prepared && isWatched(prepared)) this.open.add(prepared);
    return { ...preparation, caller, asOf };
  }

  release(operation: PreparedOperation): void {
    this.open.delete(operation);
  }

  /**
   * Passed before each delivery, by what has the rights to it once it is there: where others may take them away, of which
   * nobody tells, that is asked each time.
   */
  async waitUntilAuthorized(): Promise<void> {
    const { hasOthers } = this.connections;
    if (hasOthers && this.keyId !== undefined && !this.closed.aborted) {
      await this.reauthorize(this.connections.holderOf(this.keyId));
    }
    // Which may have been closed once more meanwhile.
    await this.gate;
  }

  protected isStillAllowed(caller: Caller): boolean {
    return [...this.open].every((operation) => this.connections.rules.isStillAllowed(caller, operation));
  }
}

/**
 * How often rights are judged again that others may take away, and how long the database may take to say who has them
 * still, in milliseconds: together less than the two seconds in which a stream ends, whatever the database does.
 */
const [regularly, patience] = [500, 1_300];

/** The same for rights that were taken away here, where a stream ends within one second. */
const patienceAtNews = 900;

/** All that this process has open and that ends with the rights of who has opened it. */
export class LiveConnections {
  private readonly connections = new Set<AuthorizedConnection>();
  private reauthorizationTimer: NodeJS.Timeout | undefined;
  /** Asks the database about all keys at once that are asked about while it answers. */
  private readonly holders = new DataLoader<string, Caller | undefined>(
    async (keyIds) => {
      const asked = this.authenticator.holdersOfKeys(keyIds);
      this.answered = asked.catch(() => undefined);
      const holders = await asked;
      return keyIds.map((keyId) => holders.get(keyId));
    },
    { cache: false, batchScheduleFn: (ask) => void this.answered.then(ask) },
  );
  private answered: Promise<unknown> = Promise.resolve();

  constructor(
    readonly rules: Operations,
    readonly authenticator: Authenticator,
    accessNotifier: AccessNotifier,
  ) {
    accessNotifier.listen((change) => this.reauthorize((each) => each.isConcernedBy(change), patienceAtNews));
  }

  /**
   * Judges all of them again and again, for where there are other instances: this one hears nothing of the rights that
   * they take away.
   */
  startPeriodicReauthorization(): void {
    // Whether the judgement before has come to its end or not, as it may not know of what was taken away meanwhile.
    const judge = () => void this.reauthorize(({ keyId }) => keyId !== undefined, patience);
    this.reauthorizationTimer = setInterval(judge, regularly).unref();
  }

  /** Whether others may take rights away, of which nobody tells. */
  get hasOthers(): boolean {
    return this.reauthorizationTimer !== undefined;
  }

  holderOf(keyId: string): Promise<Caller | undefined> {
    return this.holders.load(keyId);
  }

  open(credential: Credential, caller: Caller): LiveConnection {
    const stream = new LiveConnection(credential, caller, this);
    this.add(stream);
    return stream;
  }

  add(connection: AuthorizedConnection): void {
    this.connections.add(connection);
  }

  remove(connection: AuthorizedConnection): void {
    this.connections.delete(connection);
  }

  /** For when the server stops. */
  closeAll(): void {
    clearInterval(this.reauthorizationTimer);
    for (const each of this.connections) each.close();
  }

  /** @param most how long the database may take, in milliseconds */
  private async reauthorize(isConcerned: (connection: AuthorizedConnection) => boolean, most: number): Promise<void> {
    const concerned = [...this.connections].filter(isConcerned);
    // No change concerns an administrator, who has no key.
    const keyOf = ({ keyId }: AuthorizedConnection) => keyId as string;
    // Not what is asked already: that may not know of the change yet.
    const holders = Promise.race([this.authenticator.holdersOfKeys(concerned.map(keyOf)), failAfter(most)]);
    await Promise.all(concerned.map((each) => each.reauthorize(holders.then((known) => known.get(keyOf(each))))));
  }
}

/** @throws when so many milliseconds are over */
const failAfter = (most: number): Promise<never> =>
  delay(most, undefined, { ref: false }).then(() => {
    throw new Error(`The database has not said within ${most} ms whose keys those are`);
  });
