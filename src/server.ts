import { lookup } from "node:dns/promises";
import { mkdir } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { Authenticator } from "./domain/api-key/authenticator";
import { KeyUsage } from "./domain/api-key/key-usage";
import { openBackend } from "./backend";
import { adminKeyFault, type Config } from "./config";
import { loadOrCreateKey } from "./platform/secrets/key-file";
import type { Model } from "./model/model";
import { Operations } from "./api/graphql/operations";
import { createSchema } from "./api/graphql/schema";
import { asStartupError } from "./platform/process/startup-error";
import { createLifecycle } from "./domain/lifecycle/lifecycle";
import { startMaintenance } from "./domain/lifecycle/maintenance";
import { createApollo } from "./api/graphql/apollo";
import { createHttp, graphqlPath } from "./api/http/http";
import { LiveConnections } from "./api/streams/open-streams";
import { serveWebSocket } from "./api/streams/websocket";

/** How long requests that are being received or answered may take when the server stops, in milliseconds. */
const grace = 4_000;

export interface RunningServer {
  /** Of the API, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** Where the administrator's key stands, if it was not given. */
  readonly adminKeyFile: string | undefined;
  /** Answers what has been asked, tells open streams, writes what is still to be written. */
  close(): Promise<void>;
}

/**
 * Opens the data, listens, and goes on with what is left.
 *
 * @param moreModels by name, beside the built-in one
 * @param onListening given the server as soon as requests may have come, though it is not ready yet
 */
export async function startServer(
  config: Config,
  log: Logger,
  moreModels: Readonly<Record<string, Model>> = {},
  onListening: (server: RunningServer) => void = () => undefined,
): Promise<RunningServer> {
  const { limits, runsInServer } = config;
  const admin = await adminKeyOf(config).catch(asStartupError("The data directory (DATA_DIR) can't be used"));
  const backend = await openBackend(config, log, runsInServer ? limits.maxRunningRuns : 0, moreModels);
  const { runtime } = backend;
  const { db, storage, accessNotifier } = runtime;

  const usage = new KeyUsage(db.background, log);
  const authenticator = new Authenticator(db, admin.key, usage);
  const operations = new Operations(createSchema(limits), limits);
  const liveConnections = new LiveConnections(operations, authenticator, accessNotifier);
  if (config.redis) liveConnections.startPeriodicReauthorization();
  const streamDependencies = { runtime, authenticator, liveConnections };

  const apollo = await createApollo(operations, log);
  const http = createHttp(streamDependencies, apollo, limits);
  const closeSockets = serveWebSocket(http.server, graphqlPath, streamDependencies, limits.maxBodyBytes);
  const lifecycle = createLifecycle(db.background, runtime.runs, runtime.documentProcessor, accessNotifier);
  const stopMaintenance = startMaintenance(db.background, storage, lifecycle, config, log);
  const address = await listen(http, config).catch(asStartupError("The address (HOST, PORT) can't be listened at"));
  const server: RunningServer = {
    url: address + graphqlPath,
    adminKeyFile: admin.file,
    async close() {
      const finished = backend.finish();
      liveConnections.closeAll();
      closeSockets();
      // What comes to rest only now, Node would keep open for the next request.
      const rest = setInterval(() => http.server.closeIdleConnections(), 50).unref();
      const cutOff = setTimeout(() => http.server.closeAllConnections(), grace).unref();
      // Side by side, as whoever has sent the signal waits for both.
      await Promise.all([http.close(), finished]);
      clearInterval(rest);
      clearTimeout(cutOff);
      await stopMaintenance();
      await apollo.stop();
      await usage.close();
      await backend.close();
    },
  };
  onListening(server);
  // Only with the port in hand: a second server at the same one must not end what the first is at.
  await backend.start();
  return server;
}

/** Finds the administrator's key, or makes it. */
async function adminKeyOf({ adminKey, dataDir }: Config): Promise<{ key: string; file: string | undefined }> {
  if (adminKey !== undefined) return { key: adminKey, file: undefined };

  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const kept = await loadOrCreateKey(dataDir, "admin.key");
  const fault = adminKeyFault(kept.key);
  if (fault === undefined) return kept;
  throw new Error(`the key in ${kept.file} ${fault}; restore it, or remove the file for a new one`);
}

/** By one address, as Fastify serves the two of `localhost` by two servers, and waits when it closes for one of them. */
async function listen(http: FastifyInstance, { host, port }: Config): Promise<string> {
  const { address } = await lookup(host);
  return http.listen({ host: address, port });
}
