import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../random";

/** About the size of a dozen requests. */
const maxBytesUntilCut = 10_000;

/** A proxy that cuts each connection after a random number of bytes, of the requests or of the responses. */
export class CuttingProxy {
  /** The number of connections that were cut. */
  cuts = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly targetPort: number,
    private readonly random: Random,
    private readonly server: Server,
  ) {}

  static async start(targetPort: number, random: Random): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(targetPort, random, server);
    server.on("connection", (client: Socket) => proxy.accept(client));
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

  private accept(client: Socket): void {
    const upstream = connect(this.targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.setNoDelay().on("error", () => undefined);
      socket.once("close", () => {
        this.sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const bytes = this.random.integer(0, maxBytesUntilCut);
    const cutsRequests = this.random.integer(0, 2) === 0;
    this.forward(client, upstream, cutsRequests ? bytes : Infinity);
    this.forward(upstream, client, cutsRequests ? Infinity : bytes);
  }

  /** Forwards this many bytes, then cuts the connection. */
  private forward(from: Socket, to: Socket, bytes: number): void {
    let remaining = bytes;
    from.on("data", (data) => {
      if (data.length <= remaining) {
        remaining -= data.length;
        if (!to.write(data)) from.pause();
        return;
      }
      from.pause().removeAllListeners("data");
      this.cuts += 1;
      // A reset may discard bytes that the peer has not read yet, so only half of the cuts are resets.
      const isReset = this.random.integer(0, 2) === 0;
      to.end(data.subarray(0, remaining), () => {
        if (isReset) to.resetAndDestroy();
        else to.destroy();
      });
    });
    to.on("drain", () => from.resume());
    from.once("end", () => to.end());
  }
}
