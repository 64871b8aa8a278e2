import fc from "fast-check";
import request from "supertest";
import { setTimeout as delay } from "node:timers/promises";
import { allowHosts } from "../../support/allowed-hosts";
import { replaceSecret } from "../../support/callbacks";
import type { Client, GraphQLAnswer } from "../../support/client";
import { type Scene, sceneOn } from "../../support/instances";
import { MariaDbServer } from "../../support/mariadb";
import { useModelServer } from "../../support/model-server";
import { type Environment, TestProcess, useProcesses } from "../../support/process";
import { FaultProxy } from "../../support/proxy";
import { Receiver } from "../../support/receiver";
import { eventsOf, eventually, execute, executeAgent, expectWhole, finished } from "../../support/runs";
import { Connection, RawSocket, transports } from "../../support/streams";
import { soon, timed } from "../../support/timed";

const processes = useProcesses();
const model = useModelServer();
let mariadb: MariaDbServer;
let proxy: FaultProxy;
let receiver: Receiver;
beforeAll(async () => {
  [mariadb, receiver] = await Promise.all([MariaDbServer.start(), Receiver.start()]);
  proxy = await FaultProxy.start({ host: "127.0.0.1", port: mariadb.port });
});
afterAll(async () => {
  await Promise.all([proxy.stop(), receiver.stop()]);
  await mariadb.remove();
});
afterEach(() => proxy.mend());

/** An environment for a first start, on a new database behind the proxy. */
async function fresh(name: string, more: Environment = {}): Promise<Environment> {
  await mariadb.sql(`CREATE DATABASE ${name}`, "");
  return {
    ...(await processes.fresh()),
    DATABASE_URL: mariadb.urlAt(proxy.port).replace("/latchkey", `/${name}`),
    ...allowHosts(`127.0.0.1:${model.current.port},127.0.0.1:${receiver.port}`),
    ADMIN_KEY: "the-administrators-key-in-tests",
    ...more,
  };
}

describe("while the database", () => {
  let server: TestProcess;
  let scene: Scene;
  let agentId: string;
  let runId: string;
  beforeAll(async () => {
    server = await new TestProcess(await fresh("away")).ready();
    scene = await sceneOn(server, model.current);
    await replaceSecret(server.admin, scene.app.id);
    agentId = await scene.agent("good");
    runId = (await scene.app.run({ agentId })).id;
  });
  afterAll(async () => {
    expect(await server.end()).toBe(0);
  });

  const createAgent = `mutation ($app: ID!, $name: String!) {
    createAgent(input: { appId: $app, name: $name }) { agent { id } }
  }`;
  const events = `subscription ($runId: ID!, $after: Int) { runEvents(runId: $runId, after: $after) { index } }`;

  /** The status and code of one request of each kind. */
  async function sendAllKinds(): Promise<unknown[]> {
    const { key, app } = scene;
    const send = async (client: Client, query: string, variables?: object) => {
      const { status, body } = await client.send(query, variables);
      return [status, (body as GraphQLAnswer).errors?.[0]?.extensions.code];
    };
    const stream = async () => {
      const accept = "text/event-stream";
      const post = request(`${key.url}/stream`).post("").set("x-api-key", key.secret).set({ accept });
      const { status, body } = await post.send({ query: events, variables: { runId } });
      return [status, (body as GraphQLAnswer).errors?.[0]?.extensions.code];
    };
    const upgrade = async () => {
      const socket = new RawSocket(key.url, { "x-api-key": key.secret });
      await socket.closed;
      return socket.refusal;
    };
    const openWebSocket = async () => (await Connection.of(key).closed).code;
    const readiness = async () => (await request(server.origin).get("/readyz")).status;
    return Promise.all([
      send(key, `{ viewer { kind } }`),
      send(key, `{ agent(id: "${agentId}") { name } }`),
      send(server.admin, `{ agent(id: "${agentId}") { name } apps { totalCount } }`),
      send(server.admin, createAgent, { app: app.id, name: "Ada" }),
      send(key, executeAgent, { input: { agentId, text: "What colour?", waitMs: 60_000 } }),
      send(server.admin, `mutation { cancelRun(input: { id: "${runId}" }) { run { id } } }`),
      stream(),
      upgrade(),
      openWebSocket(),
      readiness(),
    ]);
  }
  const unavailable = [503, "UNAVAILABLE"];
  const allUnavailable = [...Array.from({ length: 7 }, () => unavailable), 503, 1013, 503];

  /** Whether requests and background work succeed. */
  async function allWorks(): Promise<boolean> {
    const { key, app } = scene;
    const path = `/${Math.random()}`;
    const callbackUrl = receiver.url(path, 200);
    if ((await request(server.origin).get("/readyz")).status !== 200) return false;
    await key.data(`{ viewer { kind } agent(id: "${agentId}") { name } }`);
    await server.admin.data(createAgent, { app: app.id, name: path });
    const { run } = await execute(key, { agentId, text: "What colour?", callbackUrl });
    expect(run.status).toBe("SUCCEEDED");
    expectWhole(await eventsOf(key, run.id), run);
    await receiver.wait(path);
    return true;
  }

  test.each<[fault: string, begin: () => Promise<void> | void, end: () => Promise<void> | void]>([
    ["is killed", () => mariadb.kill(), () => mariadb.start()],
    ["hangs", () => mariadb.hang(), () => mariadb.wake()],
    ["can't be reached", () => proxy.cut(), () => proxy.mend()],
    ["is behind a connection that drops all packets", () => proxy.hang(), () => proxy.mend()],
    ["takes three seconds to answer", () => proxy.delay(1_500), () => proxy.mend()],
  ])(
    "%s, all requests are rejected within two seconds, and five seconds after its end everything works again",
    async (_fault, begin, end) => {
      expect(await allWorks()).toBe(true);
      await begin();
      // Over the existing connections first, then over new ones.
      for (let round = 0; round < 2; round++) {
        const { result, took } = await timed(sendAllKinds());
        expect(result).toEqual(allUnavailable);
        expect(took).toBeLessThan(soon);
        expect((await request(server.origin).get("/healthz")).status).toBe(200);
      }
      await end();
      const { took } = await timed(eventually(() => allWorks().catch(() => false)));
      expect(took).toBeLessThan(5_000);
    },
  );

  test.each(Object.entries(transports))(
    "does not answer, a stream over %s ends with UNAVAILABLE, and a new one continues at the same event",
    async (_transport, read) => {
      const { key } = scene;
      const { run } = await execute(key, { agentId: await scene.agent("talk"), text: "Go on.", waitMs: 0 });
      const reader = read(key, events, { runId: run.id });
      await reader.until(3);
      await proxy.hang();
      const { result: closing, took } = await timed(reader.end);
      expect(took).toBeLessThan(soon + 1_000);
      // A WebSocket is closed as a whole if it is its key that can't be looked up.
      if (closing !== undefined) expect(closing).toMatchObject({ code: 1013 });
      else expect(reader.results.at(-1)).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
      const indexes = reader.indexes.filter((index) => Number.isInteger(index));
      expect(indexes).toEqual(indexes.map((_, index) => index));

      await proxy.mend();
      await eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined);
      const next = read(key, events, { runId: run.id, after: indexes.at(-1) });
      await next.until(1);
      expect(next.indexes[0]).toBe(indexes.length);
      await next.leave();
      await server.admin.data(`mutation { cancelRun(input: { id: "${run.id}" }) { run { id } } }`);
    },
  );
});

test("an execution during a failure of the database happens once, and only if it was accepted", async () => {
  const server = await processes.serve(await fresh("midway"));
  const { key, agent } = await sceneOn(server, model.current);
  const agentId = await agent("good");
  await execute(key, { agentId, session: { reference: "all" } });

  const fault = fc.constantFrom("cut" as const, "hang" as const);
  await fc.assert(
    fc.asyncProperty(fc.uuid(), fault, fc.integer({ min: 50, max: 1_000 }), async (idempotencyKey, kind, delayMs) => {
      const input = {
        agentId,
        text: "What colour?",
        session: { reference: idempotencyKey },
        idempotencyKey,
        waitMs: 0,
      };
      // Slow enough for a failure between any two statements.
      await proxy.delay(25);
      const response = key.send(executeAgent, { input });
      await delay(delayMs);
      await proxy[kind]();
      const { result, took } = await timed(response);
      expect(took).toBeLessThan(soon + 1_000);
      const { data, errors } = result.body as GraphQLAnswer;
      if (errors) expect([result.status, errors[0]?.extensions.code]).toEqual([503, "UNAVAILABLE"]);
      await proxy.mend();

      await eventually(async () => (await key.code(executeAgent, { input })) === undefined);
      const { run, replayed } = await execute(key, input);
      expect(replayed).toBe(true);
      if (data) expect(run.id).toBe(data.executeAgent.run.id);
      expect(["SUCCEEDED", "FAILED"]).toContain((await finished(key, run.id)).status);
      const [count] = await server.sql(`SELECT COUNT(*) AS runs FROM run WHERE sessionId = (
        SELECT sessionId FROM run WHERE id = '${run.id}')`);
      expect(Number(count?.["runs"])).toBe(1);
    }),
    { numRuns: 4, endOnFailure: true },
  );
});

test.each(["cut", "hang"] as const)(
  "a run that loses its database by a connection that is %s ends once, as its agent says, and aborts its model call",
  async (what) => {
    const server = await processes.serve(await fresh(`run_${what}`));
    const { key, agent } = await sceneOn(server, model.current);
    const [failing, retrying] = [await agent("talk"), await agent("talk-once", "RETRY")];
    const [failingRun, retryingRun] = await Promise.all(
      [failing, retrying].map(
        async (agentId) => (await execute(key, { agentId, text: `Go on, ${what}.`, waitMs: 0 })).run.id,
      ),
    );
    await eventually(async () => {
      const started = await server.sql("SELECT id FROM run WHERE eventCount > 3");
      return started.length === 2;
    });
    await proxy[what]();
    const calls = model.current.callsWith(`Go on, ${what}.`);
    expect(await Promise.all(calls.map(({ closed }) => closed))).toEqual([true, true]);
    await proxy.mend();

    const [interrupted, succeeded] = await Promise.all([
      eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined).then(() =>
        finished(key, failingRun),
      ),
      eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined).then(() =>
        finished(key, retryingRun),
      ),
    ]);
    expect(interrupted).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });
    expect(succeeded).toMatchObject({ status: "SUCCEEDED", output: "The barn is red [1]." });
    expectWhole(await eventsOf(key, failingRun), interrupted);
    expectWhole(await eventsOf(key, retryingRun), succeeded, 2);
  },
);

describe("a start", () => {
  const waitingEntries = (each: TestProcess) => each.log.filter(({ msg }) => msg === "waiting for the database");

  test("before the database is available waits for it, logs its address, and serves once it is available", async () => {
    const environment: Record<string, string> = { ...(await fresh("later")), REDIS_URL: "redis://127.0.0.1:1" };
    const urlWithPassword = environment["DATABASE_URL"]?.replace("root@", "root:@") ?? "";
    await proxy.cut();
    const server = processes.run({ ...environment, DATABASE_URL: urlWithPassword });
    const worker = processes.run(environment, "worker");
    const stopped = processes.run(environment);
    await eventually(() => [server, worker, stopped].every((each) => waitingEntries(each).length > 0));
    const expected = { level: "warn", database: `127.0.0.1:${proxy.port}/later`, reason: "ECONNREFUSED" };
    for (const each of [server, worker, stopped]) expect(waitingEntries(each)[0]).toMatchObject(expected);

    const { result, took } = await timed(stopped.end());
    expect(result).toBe(0);
    expect(took).toBeLessThan(1_000);

    await proxy.hang();
    await eventually(() => waitingEntries(server).length > 1);
    expect(waitingEntries(server).at(-1)).toMatchObject({ reason: "ETIMEDOUT" });
    expect(server.stdout).toBe("");
    await proxy.mend();
    await server.ready();
    expect((await server.admin.data(`{ viewer { kind } }`)).viewer.kind).toBe("ADMIN");
    await eventually(() => worker.log.some(({ msg }) => msg === "the worker is ready"));
  });

  test("that waiting does not help fails immediately with the reason", async () => {
    const address = `127.0.0.1:${proxy.port}`;
    const cases: [url: string, message: RegExp][] = [
      [`mysql://nobody:hunter2@${address}/latchkey`, /Access denied/],
      [`mysql://root@${address}/elsewhere`, /Unknown database 'elsewhere'/],
      [`mysql://root@${address}/latchkey?tls=true`, /secure connection/],
      [`mysql://root@${address}/latchkey?tlsCa=nowhere.pem`, /tlsCa in DATABASE_URL.*ENOENT/],
    ];
    const environment = { ...(await processes.fresh()), LOG_LEVEL: "silent" };
    const servers = cases.map(([DATABASE_URL]) => processes.run({ ...environment, DATABASE_URL }));
    for (const [i, server] of servers.entries()) {
      await server.exited;
      expect(server.exit).toBe(1);
      expect(server.stderr).toMatch(/^Latchkey could not start\. The .*DATABASE_URL.+\n$/);
      expect(server.stderr).toMatch(cases[i]?.[1] ?? "");
      expect(server.stderr).not.toContain("hunter2");
    }
  });
});
