import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { request } from "undici";

/** How often servers are asked whether they are ready, and how long they may take to say so, in milliseconds. */
const regularly = 500;
const patience = 2_000;

interface Backend {
  readonly origin: string;
  isReady: boolean;
}

/** One address in front of several servers. Each connection goes to the next one that is ready. */
export class Balancer {
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  private turn = 0;

  private constructor(
    private readonly server: Server,
    private readonly backends: readonly Backend[],
  ) {
    server.on("connection", (client) => this.lead(client));
    this.timer = setInterval(() => void this.look(), regularly);
  }

  /**
   * @param origins of the servers, which are ready
   * @param port with 0, any
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

  private async look(): Promise<void> {
    await Promise.all(
      this.backends.map(async (backend) => {
        backend.isReady = await request(`${backend.origin}/readyz`, { signal: AbortSignal.timeout(patience) }).then(
          async ({ statusCode, body }) => {
            await body.dump();
            return statusCode === 200;
          },
          () => false,
        );
      }),
    );
  }

  private lead(client: Socket): void {
    const ready = this.backends.filter(({ isReady }) => isReady);
    const backend = ready[this.turn++ % ready.length];
    if (!backend) {
      client.destroy();
      return;
    }
    const { hostname, port } = new URL(backend.origin);
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(end);
      end.setNoDelay();
      end.on("error", () => other.destroy());
      end.once("close", () => {
        this.sockets.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
    // Until it is asked the next time.
    server.once("error", () => (backend.isReady = false));
  }
}
