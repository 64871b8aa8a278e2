import { setTimeout as delay } from "node:timers/promises";
import { sceneOn, sharedEnvironment } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { FaultProxy } from "../support/proxy";
import { eventually, execute } from "../support/runs";
import { Connection, transports } from "../support/streams";

const processes = useProcesses();
const model = useModelServer();
const runEvents = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;

test.each(["hang", "cut"] as const)(
  "streams whose rights cannot be checked (database connections %s) end with UNAVAILABLE, not as revoked",
  async (fault) => {
    const shared = sharedEnvironment(await processes.fresh(), model.current);
    const database = new URL(shared["DATABASE_URL"] ?? "");
    const proxy = await FaultProxy.start({ host: database.hostname, port: Number(database.port || 3306) });
    try {
      database.host = `127.0.0.1:${proxy.port}`;
      const server = await processes.serve({ ...shared, DATABASE_URL: database.href });
      const { key, agent } = await sceneOn(server, model.current);
      const { run } = await execute(key, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });
      const sse = transports["server-sent events"](key, runEvents, { runId: run.id });
      await sse.until(3);
      const webSocket = Connection.of(key);
      await webSocket.opened;

      await proxy[fault]();
      const startedAt = performance.now();
      expect(await webSocket.closed).toMatchObject({ code: 1013 });
      expect((await sse.all()).at(-1)).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
      expect(performance.now() - startedAt).toBeLessThan(6_000);

      await proxy.mend();
      await eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined);
      const reconnected = Connection.of(key);
      await reconnected.opened;
      await delay(1_500);
      expect((await reconnected.read(`{ viewer { kind } }`).all())[0]?.data.viewer.kind).toBe("API_KEY");
      reconnected.close();
    } finally {
      await proxy.stop();
    }
  },
);
