import { mkdir } from "node:fs/promises";
import type { Logger } from "pino";
import { AccessNews } from "./auth/access-news";
import { CallbackDispatcher } from "./callback/dispatcher";
import { Outbox } from "./callback/outbox";
import type { Config, RedisConfig } from "./config";
import { entities, type Runtime } from "./container";
import { openOnceThere } from "./database/waiting";
import { DocumentLinks } from "./document/document-links";
import { DocumentReadings } from "./document/document-readings";
import { BeatingInstance } from "./instance/beating-instance";
import { SoleInstance } from "./instance/instance";
import { ModelCatalog } from "./model/catalog";
import { ExtractiveModel } from "./model/extractive";
import type { Model } from "./model/model";
import { ProviderModels } from "./model-connection/provider-models";
import { Outbound } from "./outbound/outbound";
import { Reader } from "./reading/reader";
import { Answering } from "./run/answering";
import { Interruptions } from "./run/interruptions";
import { callbackPayloadOf } from "./run/run-callback";
import { RunClaims } from "./run/run-claims";
import { RunEngine } from "./run/run-engine";
import { RunNews } from "./run/run-news";
import { LocalRunQueue } from "./run/run-queue";
import { RunRecord } from "./run/run-record";
import { openKeyring } from "./secrets/open-keyring";
import { blaming } from "./start-error";
import { openStorage } from "./storage/open-storage";

/** What carries out runs and reads documents, for the server and for workers. */
export interface Backend {
  readonly runtime: Runtime;
  /** Goes on with what is left, and begins what comes. */
  start(): Promise<void>;
  /** Begins nothing any more, and lets runs finish for a while. */
  finish(): Promise<void>;
  /** Ends the rest. To be called once nobody asks for anything any more. */
  close(): Promise<void>;
}

/**
 * Opens the data.
 *
 * @param slots how many runs may be carried out at once
 * @param moreModels by name, beside the built-in one
 */
export async function openBackend(
  config: Config,
  log: Logger,
  slots: number,
  moreModels: Readonly<Record<string, Model>> = {},
): Promise<Backend> {
  const { dataDir, limits } = config;
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch(blaming("The data directory (DATA_DIR) can't be used"));
  const storage = await openStorage(config.storage, dataDir);
  const keyring = await openKeyring(config).catch(
    blaming("The key for secrets (SECRETS_KEY, or else in DATA_DIR) can't be used"),
  );
  const db = await openOnceThere(config.database, entities, log);
  const ownWork = db.background;

  const stopping = new AbortController();
  const shared = config.redis && (await openShared(config.redis, log));
  const instance = shared ? new BeatingInstance(ownWork, log) : new SoleInstance();
  const queue = shared?.queue ?? new LocalRunQueue();
  const news = new RunNews(stopping.signal, shared?.news);

  const reader = new Reader(limits);
  const outbound = new Outbound(config.modelAllowedHosts);
  const providerModels = new ProviderModels(ownWork, keyring, outbound, reader, log);
  const models = new ModelCatalog({ "builtin:extractive": new ExtractiveModel(reader), ...moreModels }, providerModels);
  const readings = new DocumentReadings(ownWork, storage, reader, instance, () => queue.putTicket(), log);

  const dispatcher = new CallbackDispatcher(ownWork, keyring, outbound, (id) => callbackPayloadOf(ownWork, id), log);
  const outbox = new Outbox(outbound, dispatcher);
  const record = new RunRecord(ownWork, news, outbox);
  const answering = new Answering(ownWork, record, models, storage, log);
  const claims = new RunClaims(ownWork, record, news, instance, limits);
  const interruptions = new Interruptions(ownWork, record, instance, queue, log);
  const settings = { slots, grace: config.shutdownGraceSeconds * 1_000 };
  const engine = new RunEngine(claims, record, answering, interruptions, queue, instance, settings, log);

  await instance.open();
  return {
    runtime: {
      db,
      limits,
      log,
      accessNews: new AccessNews(),
      models,
      providerModels,
      keyring,
      outbound,
      storage,
      documentLinks: new DocumentLinks(keyring),
      reader,
      readings,
      runs: { engine, answering, record, news, outbox, stopping: stopping.signal },
    },
    async start() {
      await instance.start({
        giveUp() {
          engine.abandonAll();
          readings.abandonAll();
        },
        async takeOver() {
          const isDone = [await interruptions.takeOver(), await readings.takeOver()];
          return isDone.every(Boolean);
        },
      });
      engine.start(news);
      dispatcher.start();
    },
    async finish() {
      stopping.abort();
      await Promise.all([engine.close(), dispatcher.close()]);
    },
    async close() {
      await reader.close();
      await readings.close();
      await storage.close();
      await instance.close();
      await outbound.close();
      shared?.redis.close();
      await db.close();
    },
  };
}

/** What instances have in Redis; loaded where there are several. */
async function openShared(config: RedisConfig, log: Logger) {
  const { RedisConnections } = await import("./redis/redis.js");
  const { BullRunQueue } = await import("./run/bull-run-queue.js");
  const { RedisRunNews } = await import("./run/redis-run-news.js");
  const redis = new RedisConnections(config, log);
  return { redis, queue: new BullRunQueue(redis), news: new RedisRunNews(redis) };
}
