import { lookup } from "node:dns/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { AdministratorAuthenticator } from "./domain/administrator/administrator-authenticator";
import { OidcAdministrators } from "./domain/administrator/oidc-administrators";
import { readConsoleFiles } from "./api/console/console-files";
import { consolePath } from "./api/console/serve-console";
import { SessionCookie } from "./api/console/session-cookie";
import { ConsoleAuthenticator } from "./domain/console-session/console-authenticator";
import { ConsoleSessions } from "./domain/console-session/console-sessions";
import { Authenticator } from "./domain/api-key/authenticator";
import { FailedCredentials } from "./domain/api-key/failed-credentials";
import { UrgentCredentials } from "./domain/api-key/urgent-credentials";
import { KeyUsage } from "./domain/api-key/key-usage";
import { openBackend } from "./backend";
import type { Config } from "./config";
import { adminKeyError } from "./config/values";
import { loadOrCreateKey } from "./platform/secrets/key-file";
import type { Model } from "./model/model";
import { auditKeysOf } from "./domain/audit/audit-keys";
import { AuditRetention } from "./domain/audit/audit-retention";
import { administratorsShare, type Runtime } from "./container";
import { Operations } from "./api/graphql/operations";
import { createSchema } from "./api/graphql/schema";
import { LoadShedder } from "./platform/inbound/load-shedder";
import { Metrics } from "./platform/metrics/metrics";
import { openMetricsServer } from "./platform/metrics/metrics-server";
import { asStartupError } from "./platform/process/startup-error";
import { CodeFlow } from "./platform/oidc/code-flow";
import { prepareDataDirectory } from "./platform/storage/data-directory";
import { productionTimings, type Timings } from "./timings";
import { createLifecycle } from "./domain/lifecycle/lifecycle";
import { startMaintenance } from "./domain/lifecycle/maintenance";
import { createApollo } from "./api/graphql/apollo";
import { Doorkeeper } from "./api/doorkeeper";
import { processMetrics } from "./api/process-metrics";
import { RequestMetrics } from "./api/reports/request-metrics";
import { Reports } from "./api/reports/reports";
import { RequestLog } from "./api/reports/request-log";
import { createHttp, graphqlPath } from "./api/http/http";
import { ConnectionGate } from "./api/streams/connection-gate";
import { LiveConnections } from "./api/streams/live-connections";
import { createProcessLimits } from "./api/streams/process-limits";
import { serveWebSocket } from "./api/streams/websocket";

/** How long open requests may take when the server stops. */
const requestGraceMs = 4_000;
/** Keep-alive connections that become idle during the shutdown are closed at this interval. */
const idleCheckIntervalMs = 50;

export interface RunningServer {
  /** The URL of the API, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** The URL of the console; undefined if it is not served, or has not been built. */
  readonly consoleUrl: string | undefined;
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
  const { limits, runsInServer, corsOrigins } = config;
  await prepareDataDirectory(config.dataDir);
  const admin = await adminKeyOf(config).catch(asStartupError("The data directory (DATA_DIR) can't be used"));
  const backend = await openBackend(config, log, runsInServer ? limits.maxRunningRuns : 0, moreModels, timings);
  const { db, storage, accessNotifier, keyring, auditLog } = backend.runtime;
  // Administrators are identified in turns of their own, so that they don't wait behind the look-ups of keys.
  const ofAdministrators = db.reserved.sharedBy({ appId: administratorsShare, lane: "credentials" });
  const consoleSessions = new ConsoleSessions(ofAdministrators, keyring, admin.key, accessNotifier, auditLog);
  const runtime = { ...backend.runtime, consoleSessions };

  const usage = new KeyUsage(db.background, log, config.keepsKeyAddresses);
  const administrators = new AdministratorAuthenticator(
    ofAdministrators,
    config.oidc && new OidcAdministrators(ofAdministrators, config.oidc, accessNotifier, runtime.auditLog),
  );
  const authenticator = new Authenticator(
    db.reserved,
    admin.key,
    usage,
    accessNotifier,
    administrators,
    new ConsoleAuthenticator(ofAdministrators, consoleSessions, administrators),
    backend.runtime,
  );
  const operations = new Operations(createSchema(limits), limits);
  const liveConnections = new LiveConnections(operations, authenticator, createProcessLimits(limits), accessNotifier);
  liveConnections.startPeriodicReauthorization(timings.streams, { hasOthers: config.redis !== undefined });
  const loadShedder = new LoadShedder(log);
  const doorkeeper = new Doorkeeper(
    authenticator,
    new FailedCredentials(runtime.rateCounter, limits.maxFailedCredentialsPerMinute, admin.key),
    loadShedder,
    new UrgentCredentials(),
    config.trustedProxies,
  );
  const connectionGate = new ConnectionGate(limits.maxConnections, config.trustedProxies);
  const requestLog = new RequestLog(log, config.loggedRequests);
  const requestMetrics = new RequestMetrics();
  const ofProcess = processMetrics({ operations, liveConnections, connectionGate, loadShedder });
  const metrics = new Metrics([...requestMetrics.metrics, ...ofProcess, ...backend.metrics], log);
  const streamDependencies = {
    runtime,
    authenticator,
    doorkeeper,
    liveConnections,
    connectionGate,
    timings: timings.streams,
    reports: new Reports(requestLog, requestMetrics, runtime.usage, operations.descriptions, runtime.refusals),
    metrics,
  };

  const apollo = await createApollo(operations, runtime.rates, log);
  // Instances that share their data share this key, and so the cookie.
  const cookie = new SessionCookie(keyring.currentId.slice(0, 8));
  const signInWith = config.consoleSignIn && {
    issuer: config.consoleSignIn.issuer,
    codeFlow: new CodeFlow(config.consoleSignIn),
  };
  const console = config.hasConsole
    ? { files: readConsoleFiles(), sessions: consoleSessions, cookie, adminKeyFile: admin.file, oidc: signInWith }
    : undefined;
  const http = createHttp(streamDependencies, apollo, limits, { corsOrigins, console });
  const closeSockets = serveWebSocket(http.server, graphqlPath, streamDependencies, limits.maxBodyBytes, corsOrigins);
  const lifecycle = createLifecycle(db.background, runtime.runs, runtime.documentProcessor, accessNotifier);
  const stopMaintenance = startMaintenance(
    db.background,
    storage,
    lifecycle,
    { ...config, auditRetention: auditRetentionOf(config, runtime), isShared: config.redis !== undefined },
    log,
  );
  const closeMetrics = await openMetricsServer(metrics, config.metrics);
  const address = await listen(http, config).catch(asStartupError("Can't listen on the address (HOST, PORT)"));
  const server: RunningServer = {
    url: address + graphqlPath,
    consoleUrl: console && console.files.size > 0 ? address + consolePath : undefined,
    adminKeyFile: admin.file,
    async close() {
      const drained = backend.drain();
      liveConnections.closeAll();
      closeSockets();
      closeMetrics();
      await Promise.all([closeHttp(http), drained]);
      await stopMaintenance();
      await apollo.stop();
      await usage.close();
      requestLog.flush();
      await backend.close();
    },
  };
  onListening(server);
  // Only after the server has its port: a second server on the same port must not touch the work of the first.
  await backend.start();
  return server;
}

function auditRetentionOf({ auditRetentionDays: days }: Config, { db, auditLog, keyring }: Runtime) {
  return days === undefined ? undefined : new AuditRetention(db.background, auditLog, auditKeysOf(keyring), days);
}

/** Takes the administrator's key from the configuration, or from its file, which the first start generates. */
async function adminKeyOf({ adminKey, dataDir }: Config): Promise<{ key: string; file: string | undefined }> {
  if (adminKey !== undefined) return { key: adminKey, file: undefined };

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
