import { randomUUID } from "node:crypto";
import { allowHosts } from "./allowed-hosts";
import type { ModelServer } from "./model-server";
import type { Environment, TestProcess, useProcesses } from "./process";
import { eventually } from "./runs";
import type { KeyHolder, TestApp } from "./test-app";

/** The environment variables that all instances of one test share. */
export const sharedEnvironment = (fresh: Environment, model: ModelServer, more: Environment = {}): Environment => ({
  ...fresh,
  ADMIN_KEY: "the-administrators-key-in-tests",
  REDIS_URL: process.env["TEST_REDIS_URL"] ?? "",
  REDIS_PREFIX: `test-${randomUUID()}`,
  ...allowHosts(`127.0.0.1:${model.port}`),
  ...more,
});

/** An app whose agents use a model server. */
export interface Scene {
  readonly app: TestApp;
  readonly key: KeyHolder;
  /** Creates an agent. @param model one of the model server's behaviours */
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

/** Starts a server that executes no runs and two workers that do, and creates an app. */
export async function startTwoWorkers(
  processes: ReturnType<typeof useProcesses>,
  model: ModelServer,
  more: Environment = {},
) {
  const shared = sharedEnvironment(await processes.fresh(), model, more);
  const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const workers = await Promise.all([processes.work(shared), processes.work(shared)]);
  return { server, workers, ...(await sceneOn(server, model)) };
}

/** Waits until one of these workers executes a run and has stored output. @returns the worker */
export async function workerOf(
  runId: string,
  server: TestProcess,
  workers: readonly TestProcess[],
): Promise<TestProcess> {
  let workerId: unknown;
  await eventually(async () => {
    const [run] = await server.sql(`SELECT workerId, eventCount, status FROM run WHERE id = '${runId}'`);
    workerId = run?.["workerId"];
    const isTheirs = workers.some(({ instanceId }) => instanceId === workerId);
    return isTheirs && run?.["status"] === "RUNNING" && Number(run["eventCount"]) > 1;
  }, 30_000);
  const worker = workers.find(({ instanceId }) => instanceId === workerId);
  if (!worker) throw new Error("None of these workers executes the run");
  return worker;
}
