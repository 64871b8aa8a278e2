import { randomUUID } from "node:crypto";
import type { ModelServer } from "./model-server";
import type { Environment, TestProcess, useProcesses } from "./process";
import { eventually } from "./runs";
import type { KeyHolder, TestApp } from "./test-app";

/** What the instances of one test have in common. */
export const sharedBy = (fresh: Environment, model: ModelServer, more: Environment = {}): Environment => ({
  ...fresh,
  ADMIN_KEY: "the-administrators-key-in-tests",
  REDIS_URL: process.env["TEST_REDIS_URL"] ?? "",
  REDIS_PREFIX: `test-${randomUUID()}`,
  MODEL_ALLOWED_HOSTS: `127.0.0.1:${model.port}`,
  ...more,
});

/** An app whose agents are answered by a model server. */
export interface Scene {
  readonly app: TestApp;
  readonly key: KeyHolder;
  /** An agent for each way of answering. */
  agent(model: string, onInterrupt?: "FAIL" | "RETRY"): Promise<string>;
}

export async function sceneOn(server: TestProcess, model: ModelServer): Promise<Scene> {
  const app = await server.newApp();
  await app.modelConnection(model.baseUrl);
  return {
    app,
    key: await app.key(),
    agent: (name, onInterrupt = "FAIL") => app.agent({ model: `model/${name}`, onInterrupt }),
  };
}

/** A server that carries out no runs, two workers that do, and an app on them. */
export async function twoWorkers(
  processes: ReturnType<typeof useProcesses>,
  model: ModelServer,
  more: Environment = {},
) {
  const shared = sharedBy(await processes.fresh(), model, more);
  const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const workers = await Promise.all([processes.work(shared), processes.work(shared)]);
  return { server, workers, ...(await sceneOn(server, model)) };
}

/** The one of these that carries out a run, once one does and it has said something. */
export async function carrierOf(
  runId: string,
  server: TestProcess,
  among: readonly TestProcess[],
): Promise<TestProcess> {
  let workerId: unknown;
  await eventually(async () => {
    const [run] = await server.sql(`SELECT workerId, eventCount, status FROM run WHERE id = '${runId}'`);
    workerId = run?.["workerId"];
    const isTheirs = among.some(({ instanceId }) => instanceId === workerId);
    return isTheirs && run?.["status"] === "RUNNING" && Number(run["eventCount"]) > 1;
  }, 30_000);
  const carrier = among.find(({ instanceId }) => instanceId === workerId);
  if (!carrier) throw new Error("The run is carried out by none of these");
  return carrier;
}
