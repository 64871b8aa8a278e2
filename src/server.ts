import { lookup } from "node:dns/promises";
import { mkdir } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { Authenticator } from "./domain/api-key/authenticator";
import { KeyUsage } from "./domain/api-key/key-usage";
import { openBackend } from "./backend";
import { adminKeyError, type Config } from "./config";
import { loadOrCreateKey } from "./platform/secrets/key-file";
import type { Model } from "./model/model";
import { Operations } from "./api/graphql/operations";
import { createSchema } from "./api/graphql/schema";
import { asStartupError } from "./platform/process/startup-error";
import { productionTimings, type Timings } from "./timings";
import { createLifecycle } from "./domain/lifecycle/lifecycle";
import { startMaintenance } from "./domain/lifecycle/maintenance";
import { createApollo } from "./api/graphql/apollo";
import { createHttp, graphqlPath } from "./api/http/http";
import { LiveConnections } from "./api/streams/live-connections";
import { serveWebSocket } from "./api/streams/websocket";

/** How long open requests may take when the server stops. */
const requestGraceMs = 4_000;
/** Keep-alive connections that become idle during the shutdown are closed at this interval. */
const idleCheckIntervalMs = 50;

export interface RunningServer {
  /** The URL of the API, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** The file of the administrator's key; undefined if the key comes from the configuration. */
  readonly adminKeyFile: string | undefined;
  /** Finishes open requests, closes streams and flushes pending writes. */
  close(): Promise<void>;
}

/**
 * Opens the backend, listens, and starts background work.
 *
 * @param moreModels additional models by name
 * @param onListening called as soon as requests can arrive, before background work has started
 */
export async function startServer(
  config: Config,
  log: Logger,
  moreModels: Readonly<Record<string, Model>> = {},
  onListening: (server: RunningServer) => void = () => undefined,
  timings: Timings = productionTimings,
): Promise<RunningServer> {
  const { limits, runsInServer } = config;
  const admin = await adminKeyOf(config).catch(asStartupError("The data directory (DATA_DIR) can't be used"));
  const backend = await openBackend(config, log, runsInServer ? limits.maxRunningRuns : 0, moreModels, timings);
  const { runtime } = backend;
  const { db, storage, accessNotifier } = runtime;

  const usage = new KeyUsage(db.background, log);
  const authenticator = new Authenticator(db, admin.key, usage, accessNotifier);
  const operations = new Operations(createSchema(limits), limits);
  const liveConnections = new LiveConnections(operations, authenticator, accessNotifier);
  if (config.redis) liveConnections.startPeriodicReauthorization();
  const streamDependencies = { runtime, authenticator, liveConnections, timings: timings.streams };

  const apollo = await createApollo(operations, log);
  const http = createHttp(streamDependencies, apollo, limits);
  const closeSockets = serveWebSocket(http.server, graphqlPath, streamDependencies, limits.maxBodyBytes);
  const lifecycle = createLifecycle(db.background, runtime.runs, runtime.documentProcessor, accessNotifier);
  const stopMaintenance = startMaintenance(db.background, storage, lifecycle, config, log);
  const address = await listen(http, config).catch(asStartupError("Can't listen on the address (HOST, PORT)"));
  const server: RunningServer = {
    url: address + graphqlPath,
    adminKeyFile: admin.file,
    async close() {
      const drained = backend.drain();
      liveConnections.closeAll();
      closeSockets();
      await Promise.all([closeHttp(http), drained]);
      await stopMaintenance();
      await apollo.stop();
      await usage.close();
      await backend.close();
    },
  };
  onListening(server);
  // Only after the server has its port: a second server on the same port must not touch the work of the first.
  await backend.start();
  return server;
}

/** Takes the administrator's key from the configuration, or from its file, which the first start generates. */
async function adminKeyOf({ adminKey, dataDir }: Config): Promise<{ key: string; file: string | undefined }> {
  if (adminKey !== undefined) return { key: adminKey, file: undefined };

  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const stored = await loadOrCreateKey(dataDir, "admin.key");
  const error = adminKeyError(stored.key);
  if (error === undefined) return stored;
  throw new Error(`the key in ${stored.file} ${error}; restore the file, or delete it to generate a new key`);
}

/** Listens on one address: for the two of `localhost`, Fastify would start two servers, and wait for one when it closes. */
async function listen(http: FastifyInstance, { host, port }: Config): Promise<string> {
  const { address } = await lookup(host);
  return http.listen({ host: address, port });
}

/** Closes the server when its requests have finished, or when their grace period is over. */
async function closeHttp(http: FastifyInstance): Promise<void> {
  // Node closes idle connections only once, so those that become idle later would stay open.
  const idleCheck = setInterval(() => http.server.closeIdleConnections(), idleCheckIntervalMs).unref();
  const timeout = setTimeout(() => http.server.closeAllConnections(), requestGraceMs).unref();
  await http.close();
  clearInterval(idleCheck);
  clearTimeout(timeout);
}
