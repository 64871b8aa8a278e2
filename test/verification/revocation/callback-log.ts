import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A receiver that refuses every callback, so that it is posted again, and remembers when each arrived. */
export class CallbackLog {
  /** By path, in milliseconds of this process's monotonic clock. */
  private readonly times = new Map<string, number[]>();

  private constructor(private readonly server: Server) {
    server.on("request", ({ url = "" }, response) => {
      this.times.set(url, [...this.timesOf(url), performance.now()]);
      response.writeHead(500).end();
    });
  }

  static async start(): Promise<CallbackLog> {
    const log = new CallbackLog(createServer());
    await new Promise<void>((resolve) => log.server.listen(0, "127.0.0.1", resolve));
    return log;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  timesOf(path: string): readonly number[] {
    return this.times.get(path) ?? [];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
