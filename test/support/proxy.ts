import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** How much is kept of one direction while it is not sent on. */
const mostKept = 1_000_000;

/**
 * A TCP proxy on loopback that lets its connections suffer what networks do to them. Each fault lasts until the next
 * is asked for, or `mend` is called.
 */
export class FaultProxy {
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private isHanging = false;
  private latency = 0;

  private constructor(
    private readonly target: Target,
    readonly port: number,
  ) {}

  static async start(target: Target): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, await freePort());
    await proxy.listen();
    return proxy;
  }

  /** How many connections clients hold. */
  get connections(): number {
    return [...this.pairs].filter(({ isHeld }) => isHeld).length;
  }

  /** Resets all connections, and refuses new ones. */
  async cut(): Promise<void> {
    await this.stop();
    this.suffer({});
  }

  /** Sends nothing on and tells neither end what becomes of the other. New connections are accepted, and lead nowhere. */
  async hang(): Promise<void> {
    await this.listen();
    this.suffer({ isHanging: true });
  }

  /** Sends everything on so much later, in each direction. */
  async delay(milliseconds: number): Promise<void> {
    await this.listen();
    this.suffer({ latency: milliseconds });
  }

  /** All is well from now on. What was kept while it was hanging is sent on, and who is gone is gone. */
  async mend(): Promise<void> {
    await this.listen();
    this.suffer({});
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = server && once(server.close(), "close");
    for (const pair of this.pairs) pair.destroy();
    await closed;
  }

  private suffer({ isHanging = false, latency = 0 }): void {
    this.isHanging = isHanging;
    this.latency = latency;
    for (const pair of this.pairs) pair.goOn();
  }

  /** Always on the same port. */
  private async listen(): Promise<void> {
    if (this.server) return;
    this.server = createServer({ allowHalfOpen: true }, (near) => this.take(near));
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
  }

  private take(near: Socket): void {
    const state = () => ({ isHanging: this.isHanging, latency: this.latency });
    const pair = new Pair(near, this.target, state, () => this.pairs.delete(pair));
    this.pairs.add(pair);
  }
}

type State = () => { readonly isHanging: boolean; readonly latency: number };

/** The two ends of a connection. */
class Pair {
  private readonly far: Socket;
  private readonly directions: readonly Direction[];

  constructor(
    private readonly near: Socket,
    target: Target,
    state: State,
    private readonly onGone: () => void,
  ) {
    this.far = connect({ ...target, allowHalfOpen: true });
    this.directions = [new Direction(near, this.far, state), new Direction(this.far, near, state)];
    for (const end of [near, this.far]) {
      end.setNoDelay();
      end.on("error", () => undefined).once("close", () => near.destroyed && this.far.destroyed && onGone());
    }
  }

  get isHeld(): boolean {
    return !this.near.destroyed && !this.near.readableEnded;
  }

  goOn(): void {
    for (const direction of this.directions) direction.goOn();
  }

  destroy(): void {
    for (const direction of this.directions) direction.stop();
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
    this.onGone();
  }
}

interface Piece {
  /** Undefined where it was the last, and the sender says no more. */
  readonly data: Buffer | undefined;
  readonly arrivedAt: number;
}

/** What goes from one end to the other. */
class Direction {
  private readonly pieces: Piece[] = [];
  private kept = 0;
  private timer: NodeJS.Timeout | undefined;
  private brokenAt: number | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly state: State,
  ) {
    from.on("data", (data: Buffer) => this.take(data));
    from.once("end", () => this.take(undefined));
    from.once("close", () => {
      if (!from.readableEnded || from.errored) this.brokenAt = performance.now();
      this.goOn();
    });
    to.on("drain", () => this.goOn());
  }

  goOn(): void {
    clearTimeout(this.timer);
    const { isHanging, latency } = this.state();
    if (!isHanging) this.send(latency);
    // Further on what is said is read, so that it is seen when who says it goes.
    if (this.kept > mostKept) this.from.pause();
    else this.from.resume();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.pieces.length = 0;
  }

  private take(data: Buffer | undefined): void {
    this.pieces.push({ data, arrivedAt: performance.now() });
    this.kept += data?.length ?? 0;
    this.goOn();
  }

  private send(latency: number): void {
    for (let next = this.pieces[0]; next && !this.to.writableNeedDrain; next = this.pieces[0]) {
      if (this.isEarly(next.arrivedAt, latency)) return;
      this.pieces.shift();
      this.kept -= next.data?.length ?? 0;
      if (next.data) this.to.write(next.data);
      else this.to.end();
    }
    if (this.brokenAt === undefined || this.pieces.length > 0 || this.isEarly(this.brokenAt, latency)) return;
    this.to.resetAndDestroy();
  }

  /** Comes back when the time has come. */
  private isEarly(arrivedAt: number, latency: number): boolean {
    const early = arrivedAt + latency - performance.now();
    if (early <= 0) return false;
    this.timer = setTimeout(() => this.goOn(), Math.ceil(early));
    return true;
  }
}
