import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** The maximum size of the buffer of each direction. */
const maxBufferedBytes = 1_000_000;

/**
 * A TCP proxy on loopback that injects network faults. A fault lasts until the next one is injected or `mend` is called.
 */
export class FaultProxy {
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private isHanging = false;
  private latencyMs = 0;

  private constructor(
    private readonly target: Target,
    readonly port: number,
  ) {}

  static async start(target: Target): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, await freePort());
    await proxy.listen();
    return proxy;
  }

  /** The number of connections that clients hold open. */
  get connections(): number {
    return [...this.pairs].filter(({ isOpen }) => isOpen).length;
  }

  /** Resets all connections, and refuses new ones. */
  async cut(): Promise<void> {
    await this.stop();
    this.inject({});
  }

  /** Forwards nothing, not even the end of a connection. New connections are accepted. */
  async hang(): Promise<void> {
    await this.listen();
    this.inject({ isHanging: true });
  }

  /** Adds this latency to each direction. */
  async delay(latencyMs: number): Promise<void> {
    await this.listen();
    this.inject({ latencyMs });
  }

  /** Ends the fault, and forwards what was buffered. Connections that were reset stay closed. */
  async mend(): Promise<void> {
    await this.listen();
    this.inject({});
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = server && once(server.close(), "close");
    for (const pair of this.pairs) pair.destroy();
    await closed;
  }

  private inject({ isHanging = false, latencyMs = 0 }): void {
    this.isHanging = isHanging;
    this.latencyMs = latencyMs;
    for (const pair of this.pairs) pair.flush();
  }

  /** Listens again on the same port if `cut` has closed it. */
  private async listen(): Promise<void> {
    if (this.server) return;
    this.server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
  }

  private accept(client: Socket): void {
    const state = () => ({ isHanging: this.isHanging, latencyMs: this.latencyMs });
    const pair = new Pair(client, this.target, state, () => this.pairs.delete(pair));
    this.pairs.add(pair);
  }
}

type State = () => { readonly isHanging: boolean; readonly latencyMs: number };

/** The connection of a client, and the one to the target. */
class Pair {
  private readonly upstream: Socket;
  private readonly directions: readonly Direction[];

  constructor(
    private readonly client: Socket,
    target: Target,
    state: State,
    private readonly onClose: () => void,
  ) {
    this.upstream = connect({ ...target, allowHalfOpen: true });
    this.directions = [new Direction(client, this.upstream, state), new Direction(this.upstream, client, state)];
    for (const socket of [client, this.upstream]) {
      socket.setNoDelay();
      socket.on("error", () => undefined).once("close", () => client.destroyed && this.upstream.destroyed && onClose());
    }
  }

  get isOpen(): boolean {
    return !this.client.destroyed && !this.client.readableEnded;
  }

  flush(): void {
    for (const direction of this.directions) direction.flush();
  }

  destroy(): void {
    for (const direction of this.directions) direction.stop();
    this.client.resetAndDestroy();
    this.upstream.resetAndDestroy();
    this.onClose();
  }
}

interface Chunk {
  /** Undefined for the end of the stream. */
  readonly data: Buffer | undefined;
  readonly arrivedAt: number;
}

/** Forwards the data of one direction. */
class Direction {
  private readonly chunks: Chunk[] = [];
  private bufferedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private resetAt: number | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly state: State,
  ) {
    from.on("data", (data: Buffer) => this.push(data));
    from.once("end", () => this.push(undefined));
    from.once("close", () => {
      if (!from.readableEnded || from.errored) this.resetAt = performance.now();
      this.flush();
    });
    to.on("drain", () => this.flush());
  }

  flush(): void {
    clearTimeout(this.timer);
    const { isHanging, latencyMs } = this.state();
    if (!isHanging) this.send(latencyMs);
    // Keep reading while the proxy hangs, because the end of a connection is only noticed by reading.
    if (this.bufferedBytes > maxBufferedBytes) this.from.pause();
    else this.from.resume();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.chunks.length = 0;
  }

  private push(data: Buffer | undefined): void {
    this.chunks.push({ data, arrivedAt: performance.now() });
    this.bufferedBytes += data?.length ?? 0;
    this.flush();
  }

  private send(latencyMs: number): void {
    for (let next = this.chunks[0]; next && !this.to.writableNeedDrain; next = this.chunks[0]) {
      if (this.isEarly(next.arrivedAt, latencyMs)) return;
      this.chunks.shift();
      this.bufferedBytes -= next.data?.length ?? 0;
      if (next.data) this.to.write(next.data);
      else this.to.end();
    }
    if (this.resetAt === undefined || this.chunks.length > 0 || this.isEarly(this.resetAt, latencyMs)) return;
    this.to.resetAndDestroy();
  }

  /** If it is too early to forward, schedules the next flush. */
  private isEarly(arrivedAt: number, latencyMs: number): boolean {
    const remainingMs = arrivedAt + latencyMs - performance.now();
    if (remainingMs <= 0) return false;
    this.timer = setTimeout(() => this.flush(), Math.ceil(remainingMs));
    return true;
  }
}
