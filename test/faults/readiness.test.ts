import { version } from "../../package.json";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import request from "supertest";
import { type TestProcess, useProcesses } from "../support/process";
import { eventually } from "../support/runs";

const processes = useProcesses();

/** The responses of both health checks. */
async function stateOf({ origin }: TestProcess): Promise<unknown> {
  const [health, readiness] = await Promise.all([request(origin).get("/healthz"), request(origin).get("/readyz")]);
  return [health.status, health.body, readiness.status, readiness.body];
}
const ready = [200, { status: "ok", version }, 200, { status: "ready" }];
const unavailable = [200, { status: "ok", version }, 503, { status: "unavailable" }];

test("a server that has printed its URL is live and ready, which needs no credential to check", async () => {
  expect(await stateOf(await processes.serve(await processes.fresh()))).toEqual(ready);
});

const { TEST_DATABASE_URL } = process.env;
if (TEST_DATABASE_URL !== undefined) {
  test("a server whose database hangs is live but not ready, and is ready once the database answers, also on new connections", async () => {
    const { DATABASE_URL = "", ...fresh } = await processes.fresh();
    const proxy = await SilentProxy.start(new URL(DATABASE_URL));
    try {
      const proxiedUrl = new URL(DATABASE_URL);
      proxiedUrl.host = `127.0.0.1:${proxy.port}`;
      const server = await processes.serve({ ...fresh, DATABASE_URL: proxiedUrl.href });
      expect(await stateOf(server)).toEqual(ready);
      proxy.pause();
      expect(await stateOf(server)).toEqual(unavailable);
      proxy.resume();
      expect(await stateOf(server)).toEqual(ready);

      proxy.destroyConnections();
      await eventually(async () => (await server.admin.code(`{ apps { totalCount } }`)) === undefined);
      expect(await stateOf(server)).toEqual(ready);
    } finally {
      proxy.close();
    }
  });
}

/** A proxy that can stop forwarding without closing connections. */
class SilentProxy {
  private isPaused = false;
  private readonly directions: [from: Socket, to: Socket][] = [];
  private readonly server = createServer((client) => {
    const upstream = connect(Number(this.target.port || 3306), this.target.hostname);
    this.directions.push([client, upstream], [upstream, client]);
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    if (!this.isPaused) this.resume();
  });

  private constructor(private readonly target: URL) {}

  static async start(target: URL): Promise<SilentProxy> {
    const proxy = new SilentProxy(target);
    await once(proxy.server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  pause(): void {
    this.isPaused = true;
    for (const [from, to] of this.directions) from.unpipe(to);
  }

  resume(): void {
    this.isPaused = false;
    for (const [from, to] of this.directions) from.unpipe(to).pipe(to);
  }

  destroyConnections(): void {
    for (const [socket] of this.directions) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.destroyConnections();
  }
}
