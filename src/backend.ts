import { mkdir } from "node:fs/promises";
import type { Logger } from "pino";
import { AccessNotifier } from "./auth/access-notifier";
import { CallbackDispatcher } from "./domain/callback/dispatcher";
import { Outbox } from "./domain/callback/outbox";
import type { Config } from "./config";
import type { RedisConfig } from "./platform/redis/redis-config";
import { entities, type Runtime } from "./container";
import { openWhenAvailable } from "./platform/database/open-when-available";
import { DocumentLinks } from "./domain/document/document-links";
import { DocumentProcessor } from "./domain/document/document-processor";
import { ClusterInstance } from "./platform/instance/cluster-instance";
import { SingleInstance } from "./platform/instance/instance";
import { ModelCatalog } from "./model/catalog";
import { ExtractiveModel } from "./model/extractive";
import type { Model } from "./model/model";
import { ProviderModels } from "./domain/model-connection/provider-models";
import { Outbound } from "./platform/outbound/outbound";
import { DocumentReader } from "./retrieval/document-reader";
import { RunExecutor } from "./domain/run/execution/run-executor";
import { RunRecovery } from "./domain/run/execution/run-recovery";
import { callbackPayloadOf } from "./domain/run/run-callback";
import { RunClaims } from "./domain/run/execution/run-claims";
import { RunScheduler } from "./domain/run/execution/run-scheduler";
import { RunNotifier } from "./domain/run/execution/run-notifier";
import { LocalRunQueue } from "./domain/run/execution/run-queue";
import { RunStore } from "./domain/run/execution/run-store";
import { openKeyring } from "./platform/secrets/open-keyring";
import { asStartupError } from "./platform/process/startup-error";
import { productionTimings, type Timings } from "./timings";
import { openStorage } from "./platform/storage/open-storage";

/** Executes runs, processes documents and delivers callbacks, for the server and for workers. */
export interface Backend {
  readonly runtime: Runtime;
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
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch(
    asStartupError("The data directory (DATA_DIR) can't be used"),
  );
  const storage = await openStorage(config.storage, dataDir);
  const keyring = await openKeyring(config).catch(
    asStartupError("The key for secrets (SECRETS_KEY, or else in DATA_DIR) can't be used"),
  );
  const db = await openWhenAvailable(config.database, entities, log);
  const background = db.background;

  const stopping = new AbortController();
  const cluster = config.redis && (await openCluster(config.redis, log));
  const instance = cluster
    ? new ClusterInstance(background, timings.instance, log)
    : new SingleInstance(timings.instance);
  const queue = cluster?.queue ?? new LocalRunQueue();
  const notifier = new RunNotifier(stopping.signal, timings.runs, cluster?.notifier);

  const reader = new DocumentReader(limits);
  const outbound = new Outbound(config.modelAllowedHosts);
  const providerModels = new ProviderModels(background, keyring, outbound, reader, timings.tools, log);
  const models = new ModelCatalog({ "builtin:extractive": new ExtractiveModel(reader), ...moreModels }, providerModels);
  const documentProcessor = new DocumentProcessor(background, storage, reader, instance, () => queue.notifyWork(), log);

  const dispatcher = new CallbackDispatcher(
    background,
    keyring,
    outbound,
    (id) => callbackPayloadOf(background, id),
    timings.callbacks,
    log,
  );
  const outbox = new Outbox(outbound, dispatcher);
  const store = new RunStore(background, notifier, outbox, queue);
  const executor = new RunExecutor(background, store, models, storage, log);
  const claims = new RunClaims(background, store, instance, limits);
  const recovery = new RunRecovery(background, store, instance, log);
  const settings = { slots, timings: timings.runs, shutdownGraceMs: config.shutdownGraceSeconds * 1_000 };
  const scheduler = new RunScheduler(claims, store, executor, recovery, queue, instance, settings, log);

  await instance.open();
  return {
    runtime: {
      db,
      limits,
      log,
      accessNotifier: new AccessNotifier(),
      models,
      providerModels,
      keyring,
      outbound,
      storage,
      documentLinks: new DocumentLinks(keyring),
      reader,
      documentProcessor,
      runs: { scheduler, executor, store, notifier, outbox, stopping: stopping.signal },
    },
    async start() {
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
      scheduler.start(notifier);
      dispatcher.start();
    },
    async drain() {
      stopping.abort();
      await Promise.all([scheduler.close(), dispatcher.close()]);
    },
    async close() {
      await reader.close();
      await documentProcessor.close();
      await storage.close();
      await instance.close();
      await outbound.close();
      cluster?.redis.close();
      await db.close();
    },
  };
}

/** Opens what several instances share in Redis. The modules are only loaded if there are several. */
async function openCluster(config: RedisConfig, log: Logger) {
  const { RedisConnections } = await import("./platform/redis/redis.js");
  const { BullRunQueue } = await import("./domain/run/execution/bull-run-queue.js");
  const { RedisRunNotificationBus } = await import("./domain/run/execution/redis-run-notifier.js");
  const redis = new RedisConnections(config, log);
  return { redis, queue: new BullRunQueue(redis), notifier: new RedisRunNotificationBus(redis) };
}
