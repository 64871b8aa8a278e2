import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** Receives callbacks, and counts the deliveries of each run. */
export class WebhookLog {
  private readonly counts = new Map<string, number>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebhookLog> {
    const server = createServer((request, response) => {
      json(request).then(
        (body) => {
          log.add((body as { data: { run: { id: string } } }).data.run.id);
          response.writeHead(204).end();
        },
        // The sender was killed before it had sent the whole body.
        () => response.destroy(),
      );
    });
    const log = new WebhookLog(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return log;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  countOf(runId: string): number {
    return this.counts.get(runId) ?? 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private add(runId: string): void {
    this.counts.set(runId, this.countOf(runId) + 1);
  }
}
