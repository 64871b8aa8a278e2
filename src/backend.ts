import type { Logger } from "pino";
import { AuditLog } from "./domain/audit/audit-log";
import { AuditRefusals } from "./domain/audit/audit-refusals";
import { HeadSigner } from "./domain/audit/head-signer";
import { auditKeysOf } from "./domain/audit/audit-keys";
import { AccessNotifier } from "./auth/access-notifier";
import { callbackKind } from "./domain/callback/callback-kind";
import type { Delivery } from "./domain/callback/delivery.entity";
import { type DeliveryKind, Dispatcher } from "./domain/callback/dispatcher";
import { eventKind } from "./domain/event/event-kind";
import { EventOutbox } from "./domain/event/event-outbox";
import { LimitWatch } from "./domain/event/limit-watch";
import { Outbox } from "./domain/callback/outbox";
import type { Config } from "./config";
import type { RedisConfig } from "./platform/redis/redis-config";
import type { Runtime } from "./container";
import { entities } from "./entities";
import type { Database } from "./platform/database/database";
import { databaseMetrics } from "./platform/database/database-metrics";
import { openWhenAvailable } from "./platform/database/open-when-available";
import { DocumentLinks } from "./domain/document/document-links";
import { DocumentProcessor } from "./domain/document/document-processor";
import { ClusterInstance } from "./platform/instance/cluster-instance";
import { SingleInstance } from "./platform/instance/instance";
import { assertNoSingleServer, lockSingleServer } from "./platform/instance/single-server-lock";
import { ModelCatalog } from "./model/catalog";
import { ExtractiveModel } from "./model/extractive";
import type { Model } from "./model/model";
import { ToolServers } from "./domain/tool-server/tool-servers";
import { ProviderModels } from "./domain/model-connection/provider-models";
import { RequestRates } from "./domain/api-key/request-rates";
import { RateCounter } from "./platform/rates/rate-counter";
import type { Metric } from "./platform/metrics/metric";
import { Outbound } from "./platform/outbound/outbound";
import { DocumentReader } from "./retrieval/document-reader";
import { RunEvents } from "./domain/run/run-events";
import { RunStates } from "./domain/run/run-states";
import { waitingExecutionsWithin } from "./domain/run/waiting-executions";
import { RunMetrics } from "./domain/run/run-metrics";
import { RunExecutor } from "./domain/run/execution/run-executor";
import { RunRecovery } from "./domain/run/execution/run-recovery";
import { callbackPayloadOf } from "./domain/run/run-callback";
import { RunClaims } from "./domain/run/execution/run-claims";
import { RunScheduler } from "./domain/run/execution/run-scheduler";
import { RunNotifier } from "./domain/run/execution/run-notifier";
import { LocalRunQueue } from "./domain/run/execution/run-queue";
import { RevokedWork } from "./domain/run/execution/revoked-work";
import { RunEnds } from "./domain/run/execution/run-ends";
import { RunRevocations } from "./domain/run/execution/run-revocations";
import { RunStore } from "./domain/run/execution/run-store";
import { RunActivities } from "./domain/usage/run-activity";
import { UsageCollector } from "./domain/usage/usage-collector";
import { openKeyring } from "./platform/secrets/open-keyring";
import { asStartupError } from "./platform/process/startup-error";
import { productionTimings, type Timings } from "./timings";
import { prepareDataDirectory } from "./platform/storage/data-directory";
import { openStorage } from "./platform/storage/open-storage";

/** Executes runs, processes documents and delivers callbacks, for the server and for workers. */
export interface Backend {
  readonly runtime: Omit<Runtime, "consoleSessions">;
  readonly metrics: readonly Metric[];
  /** Recovers interrupted work and starts to accept new work. */
  start(): Promise<void>;
  /** Stops accepting work, and waits for a grace period until active runs and deliveries have finished. */
  drain(): Promise<void>;
  /** Closes everything else. Must be called when no request is active. */
  close(): Promise<void>;
}

/**
 * @param slots the maximum number of concurrent runs
 * @param moreModels additional models by name
 */
export async function openBackend(
  config: Config,
  log: Logger,
  slots: number,
  moreModels: Readonly<Record<string, Model>> = {},
  timings: Timings = productionTimings,
): Promise<Backend> {
  const { dataDir, limits } = config;
  await prepareDataDirectory(dataDir);
  const storage = await openStorage(config.storage, dataDir);
  const keyring = await openKeyring(config).catch(
    asStartupError("The key for secrets (SECRETS_KEY, or else in DATA_DIR) can't be used"),
  );
  const db = await openWhenAvailable(config.database, entities, log);
  const lock = await aloneOrInCluster(config, db, timings, log);
  const background = db.background;
  const auditKeys = auditKeysOf(keyring);
  const auditLog = new AuditLog(db, auditKeys, config.keepsKeyAddresses);
  const refusals = new AuditRefusals(background, auditLog, log, timings.audit.intervalMs);
  const headSigner = new HeadSigner(background, auditKeys, log, timings.audit.intervalMs);

  const stopping = new AbortController();
  let starting: Promise<void> = Promise.resolve();
  const cluster = config.redis && (await openCluster(config.redis, log));
  const instance = cluster
    ? new ClusterInstance(background, timings.instance, log)
    : new SingleInstance(timings.instance);
  const queue = cluster?.queue ?? new LocalRunQueue();
  const notifier = new RunNotifier(stopping.signal, timings.runs, cluster?.notifier);

  const rateCounter = new RateCounter(`${config.redis?.prefix ?? ""}:rates`, cluster?.redis.openForRequests());
  const states = new RunStates(db);

  const reader = new DocumentReader(limits);
  const outbound = {
    models: new Outbound(config.allowedHosts.models),
    tools: new Outbound(config.allowedHosts.tools),
    callbacks: new Outbound(config.allowedHosts.callbacks),
  };
  const providerModels = new ProviderModels(background, keyring, outbound, reader, timings, log);
  const toolServers = new ToolServers(background, keyring, log);
  const models = new ModelCatalog({ "builtin:extractive": new ExtractiveModel(reader), ...moreModels }, providerModels);
  const documentProcessor = new DocumentProcessor(
    background,
    storage,
    reader,
    instance,
    () => queue.notifyWork(),
    timings.documents,
    log,
  );

  const dispatcherOf = <Row extends Delivery>(kind: DeliveryKind<Row>) =>
    new Dispatcher(kind, background, keyring, outbound.callbacks, timings.callbacks, log);
  const dispatcher = dispatcherOf(callbackKind((id) => callbackPayloadOf(background, id), keyring, log));
  const outbox = new Outbox(outbound.callbacks, dispatcher, keyring);
  const eventDispatcher = dispatcherOf(eventKind(background, keyring, log));
  const eventOutbox = new EventOutbox(
    () => eventDispatcher.wake(),
    (appId, events) => log.warn({ appId, events }, "too many events are pending; these are not posted"),
  );
  auditLog.followedBy(eventOutbox);
  const limitWatch = new LimitWatch(background, eventOutbox, timings.events, log);
  const runMetrics = new RunMetrics(db.reserved);
  const usage = new UsageCollector(background, log, timings.usage);
  const activity = new RunActivities([runMetrics, usage]);
  const store = new RunStore(background, notifier, queue, activity);
  const ends = new RunEnds(background, notifier, outbox, activity);
  const revocations = new RunRevocations(background, notifier, outbox, activity);
  const executor = new RunExecutor(background, store, models, storage, toolServers, log);
  const claims = new RunClaims(background, store, ends, revocations, instance, limits);
  const recovery = new RunRecovery(background, store, ends, instance, log);
  const settings = { slots, timings: timings.runs, shutdownGraceMs: config.shutdownGraceSeconds * 1_000 };
  const scheduler = new RunScheduler(claims, store, ends, executor, recovery, queue, instance, settings, log);

  const accessNotifier = new AccessNotifier();
  const work = [revocations, scheduler, executor, outbox] as const;
  const revokedWork = new RevokedWork(background, ...work, instance, timings.runs, log);

  await instance.open();
  return {
    runtime: {
      db,
      limits,
      log,
      accessNotifier,
      auditLog,
      refusals,
      models,
      providerModels,
      toolServers,
      toolTimings: timings.tools,
      keyring,
      outbound,
      storage,
      documentLinks: new DocumentLinks(keyring),
      reader,
      documentProcessor,
      rateCounter,
      rates: new RequestRates(rateCounter),
      usage,
      usageRetentionDays: config.usageRetentionDays,
      runs: {
        scheduler,
        executor,
        store,
        notifier,
        events: new RunEvents(db, notifier, states),
        states,
        waitingExecutions: waitingExecutionsWithin(limits),
        outbox,
        stopping: stopping.signal,
      },
    },
    metrics: [...runMetrics.metrics, ...databaseMetrics(db)],
    start() {
      starting = startWork();
      return starting;
    },
    async drain() {
      stopping.abort();
      await Promise.all([scheduler.close(), dispatcher.close(), eventDispatcher.close()]);
    },
    async close() {
      // A signal may end the process while it starts.
      await starting.catch(() => undefined);
      await revokedWork.close();
      await limitWatch.close();
      await usage.close();
      await reader.close();
      await documentProcessor.close();
      await storage.close();
      await instance.close();
      await Promise.all(Object.values(outbound).map((each) => each.close()));
      cluster?.redis.close();
      await refusals.close();
      await headSigner.close();
      await db.close();
      await lock?.release();
    },
  };

  async function startWork(): Promise<void> {
    await instance.start({
      onLost() {
        scheduler.abortAll();
        documentProcessor.abortAll();
      },
      async takeOver() {
        const results = [await recovery.takeOver(), await documentProcessor.takeOver()];
        return results.every(Boolean);
      },
    });
    if (stopping.signal.aborted) return;
    scheduler.start(notifier);
    revokedWork.start(accessNotifier);
    dispatcher.start();
    eventDispatcher.start();
    limitWatch.start();
    headSigner.start();
  }
}

/** @returns the lock of a server without Redis, which must be the only one on its data */
async function aloneOrInCluster(config: Config, db: Database, timings: Timings, log: Logger) {
  try {
    if (config.redis) await assertNoSingleServer(config.database, db);
    else return await lockSingleServer(config.database, db, timings.instance.heartbeatIntervalMs, log);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Opens what several instances share in Redis. The modules are only loaded if there are several. */
async function openCluster(config: RedisConfig, log: Logger) {
  const { RedisConnections } = await import("./platform/redis/redis.js");
  const { BullRunQueue } = await import("./domain/run/execution/bull-run-queue.js");
  const { RedisRunNotificationBus } = await import("./domain/run/execution/redis-run-notifier.js");
  const redis = new RedisConnections(config, log);
  return { redis, queue: new BullRunQueue(redis), notifier: new RedisRunNotificationBus(redis) };
}
