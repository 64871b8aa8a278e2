import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import request from "supertest";
import { type TestProcess, useProcesses } from "../support/process";
import { eventually } from "../support/runs";

const processes = useProcesses();

/** How a server answers to who asks whether it lives, and whether it is ready. */
async function stateOf({ origin }: TestProcess): Promise<unknown> {
  const [health, readiness] = await Promise.all([request(origin).get("/healthz"), request(origin).get("/readyz")]);
  return [health.status, health.body, readiness.status, readiness.body];
}
const ready = [200, { status: "ok" }, 200, { status: "ready" }];
const unavailable = [200, { status: "ok" }, 503, { status: "unavailable" }];

test("a server that has said where it is lives and is ready, which it tells without a credential", async () => {
  expect(await stateOf(await processes.serve(await processes.fresh()))).toEqual(ready);
});

const { TEST_DATABASE_URL } = process.env;
if (TEST_DATABASE_URL !== undefined) {
  test("a server whose database falls silent lives, is not ready, and is so again when it answers, also over new connections", async () => {
    const { DATABASE_URL = "", ...fresh } = await processes.fresh();
    const line = await Line.to(new URL(DATABASE_URL));
    try {
      const overLine = new URL(DATABASE_URL);
      overLine.host = `127.0.0.1:${line.port}`;
      const server = await processes.serve({ ...fresh, DATABASE_URL: overLine.href });
      expect(await stateOf(server)).toEqual(ready);
      line.cut();
      expect(await stateOf(server)).toEqual(unavailable);
      line.mend();
      expect(await stateOf(server)).toEqual(ready);

      line.breakConnections();
      await eventually(async () => (await server.admin.code(`{ apps { totalCount } }`)) === undefined);
      expect(await stateOf(server)).toEqual(ready);
    } finally {
      line.close();
    }
  });
}

/** A line to a server that can be cut without anybody being told. */
class Line {
  private isCut = false;
  private readonly ends: [one: Socket, other: Socket][] = [];
  private readonly server = createServer((near) => {
    const far = connect(Number(this.target.port || 3306), this.target.hostname);
    this.ends.push([near, far], [far, near]);
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    if (!this.isCut) this.mend();
  });

  private constructor(private readonly target: URL) {}

  static async to(target: URL): Promise<Line> {
    const line = new Line(target);
    await once(line.server.listen(0, "127.0.0.1"), "listening");
    return line;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    this.isCut = true;
    for (const [one, other] of this.ends) one.unpipe(other);
  }

  mend(): void {
    this.isCut = false;
    for (const [one, other] of this.ends) one.unpipe(other).pipe(other);
  }

  breakConnections(): void {
    for (const [end] of this.ends) end.destroy();
  }

  close(): void {
    this.server.close();
    this.breakConnections();
  }
}
