import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../random";

/** About what a dozen requests take, in bytes. */
const mostBytes = 10_000;

/**
 * Leads to a server, and cuts each connection behind a byte of what is asked or of what is answered. Which one is random,
 * so that over many connections it is any.
 */
export class CuttingProxy {
  /** How many connections were cut. */
  cuts = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly target: number,
    private readonly random: Random,
    private readonly server: Server,
  ) {}

  static async start(target: number, random: Random): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(target, random, server);
    server.on("connection", (near: Socket) => proxy.take(near));
    await once(server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private take(near: Socket): void {
    const far = connect(this.target, "127.0.0.1");
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.setNoDelay().on("error", () => undefined);
      socket.once("close", () => {
        this.sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    const bytes = this.random.integer(0, mostBytes);
    const isRequest = this.random.integer(0, 2) === 0;
    this.forward(near, far, isRequest ? bytes : Infinity);
    this.forward(far, near, isRequest ? Infinity : bytes);
  }

  /** Sends on so many bytes, and not one more. */
  private forward(from: Socket, to: Socket, bytes: number): void {
    let left = bytes;
    from.on("data", (data) => {
      if (data.length <= left) {
        left -= data.length;
        if (!to.write(data)) from.pause();
        return;
      }
      from.pause().removeAllListeners("data");
      this.cuts += 1;
      // A reset may take from who reads late what came before it too, so that half of the time there is none.
      const isReset = this.random.integer(0, 2) === 0;
      to.end(data.subarray(0, left), () => {
        if (isReset) to.resetAndDestroy();
        else to.destroy();
      });
    });
    to.on("drain", () => from.resume());
    from.once("end", () => to.end());
  }
}
