import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { request } from "undici";

const readinessIntervalMs = 500;
const readinessTimeoutMs = 2_000;

interface Backend {
  readonly origin: string;
  isReady: boolean;
}

/** A round-robin TCP load balancer: each connection goes to the next server that is ready. */
export class Balancer {
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  private nextIndex = 0;

  private constructor(
    private readonly server: Server,
    private readonly backends: readonly Backend[],
  ) {
    server.on("connection", (client) => this.accept(client));
    this.timer = setInterval(() => void this.checkReadiness(), readinessIntervalMs);
  }

  /**
   * @param origins the servers, all of which are ready
   * @param port 0 for any free port
   */
  static async start(origins: readonly string[], port: number): Promise<Balancer> {
    const server = createServer({ allowHalfOpen: true }).listen(port, "127.0.0.1");
    await once(server, "listening");
    return new Balancer(
      server,
      origins.map((origin) => ({ origin, isReady: true })),
    );
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    const closed = once(this.server.close(), "close");
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private async checkReadiness(): Promise<void> {
    await Promise.all(
      this.backends.map(async (backend) => {
        backend.isReady = await request(`${backend.origin}/readyz`, {
          signal: AbortSignal.timeout(readinessTimeoutMs),
        }).then(
          async ({ statusCode, body }) => {
            await body.dump();
            return statusCode === 200;
          },
          () => false,
        );
      }),
    );
  }

  private accept(client: Socket): void {
    const ready = this.backends.filter(({ isReady }) => isReady);
    const backend = ready[this.nextIndex++ % ready.length];
    if (!backend) {
      client.destroy();
      return;
    }
    const { hostname, port } = new URL(backend.origin);
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const [socket, peer] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on("error", () => peer.destroy());
      socket.once("close", () => {
        this.sockets.delete(socket);
        peer.destroy();
      });
      socket.pipe(peer);
    }
    // The next readiness check may change it back.
    server.once("error", () => (backend.isReady = false));
  }
}
