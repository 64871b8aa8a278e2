import { lookup } from "node:dns/promises";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { Authenticator } from "./api-key/authenticator";
import { KeyUsage } from "./api-key/key-usage";
import { AccessNews } from "./auth/access-news";
import { adminKeyFault, type Config } from "./config";
import { entities, type Runtime } from "./container";
import { Database } from "./database/database";
import { DocumentReadings } from "./document/document-readings";
import { DocumentStorage } from "./document/storage";
import { keyIn } from "./key-file";
import { ModelCatalog } from "./model/catalog";
import { ExtractiveModel } from "./model/extractive";
import type { Model } from "./model/model";
import { ProviderModels } from "./model-connection/provider-models";
import { checkNodeVersion } from "./node-version";
import { Operations } from "./operation/operations";
import { Outbound } from "./outbound/outbound";
import { Reader } from "./reading/reader";
import { Answering } from "./run/answering";
import { RunEngine } from "./run/run-engine";
import { RunNews } from "./run/run-news";
import { RunRecord } from "./run/run-record";
import { createSchema } from "./schema";
import { openKeyring } from "./secrets/open-keyring";
import { blaming } from "./start-error";
import { startTidying } from "./tidying";
import { createApollo } from "./transport/apollo";
import { createHttp, graphqlPath } from "./transport/http";
import { OpenStreams } from "./transport/open-streams";
import { serveWebSocket } from "./transport/websocket";

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
 * Opens the data, goes on with the runs that are left, and listens.
 *
 * @param moreModels by name, beside the built-in one
 */
export async function startServer(
  config: Config,
  log: Logger,
  moreModels: Readonly<Record<string, Model>> = {},
): Promise<RunningServer> {
  checkNodeVersion(process.versions.node);
  const { dataDir, limits } = config;
  const storage = new DocumentStorage(join(dataDir, "documents"));
  const admin = await prepare(config, storage).catch(blaming("The data directory (DATA_DIR) can't be used"));
  const db = await Database.open(config.database, entities);

  const stopping = new AbortController();
  const reader = new Reader(limits);
  const keyring = await openKeyring(config).catch(
    blaming("The key for secrets (SECRETS_KEY, or else in DATA_DIR) can't be used"),
  );
  const outbound = new Outbound(config.modelAllowedHosts);
  const providerModels = new ProviderModels(db, keyring, outbound, reader, log);
  const builtIn = { "builtin:extractive": new ExtractiveModel(reader), ...moreModels };
  const models = new ModelCatalog(builtIn, providerModels);
  const readings = new DocumentReadings(db, storage, reader, log);
  const news = new RunNews(stopping.signal);
  const record = new RunRecord(db, news);
  const answering = new Answering(db, record, models, storage, log);
  const engine = new RunEngine(db, record, answering, readings, limits, log);
  const accessNews = new AccessNews();
  const runs = { engine, answering, record, news, stopping: stopping.signal };
  const runtime: Runtime = {
    db,
    limits,
    log,
    accessNews,
    models,
    providerModels,
    keyring,
    outbound,
    storage,
    reader,
    readings,
    runs,
  };

  const usage = new KeyUsage(db, log);
  const authenticator = new Authenticator(db, admin.key, usage);
  const operations = new Operations(createSchema(limits), limits);
  const openStreams = new OpenStreams(operations, authenticator, accessNews);
  const streaming = { runtime, authenticator, openStreams };

  const apollo = await createApollo(operations, log);
  const http = createHttp(streaming, apollo, limits);
  const closeSockets = serveWebSocket(http.server, graphqlPath, streaming, limits.maxBodyBytes);
  const stopTidying = await startTidying(db, storage, log);
  const leftovers = await engine.leftovers();
  const unread = await readings.leftovers();
  const address = await listen(http, config).catch(blaming("The address (HOST, PORT) can't be listened at"));
  // Only with the port in hand: a second server at the same one must not end what the first is at.
  readings.recover(unread);
  await engine.recover(leftovers);

  return {
    url: address + graphqlPath,
    adminKeyFile: admin.file,
    async close() {
      stopping.abort();
      openStreams.closeAll();
      closeSockets();
      // What comes to rest only now, Node would keep open for the next request.
      const rest = setInterval(() => http.server.closeIdleConnections(), 50).unref();
      const cutOff = setTimeout(() => http.server.closeAllConnections(), grace).unref();
      // Side by side, as whoever has sent the signal waits for both.
      await Promise.all([http.close(), engine.close()]);
      clearInterval(rest);
      clearTimeout(cutOff);
      await stopTidying();
      await apollo.stop();
      await reader.close();
      await readings.close();
      await outbound.close();
      await usage.close();
      await db.close();
    },
  };
}

/** Makes the data directory fit for use, and finds the administrator's key, or makes it. */
async function prepare(
  { adminKey, dataDir }: Config,
  storage: DocumentStorage,
): Promise<{ key: string; file: string | undefined }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await storage.open();
  if (adminKey !== undefined) return { key: adminKey, file: undefined };

  const kept = await keyIn(dataDir, "admin.key");
  const fault = adminKeyFault(kept.key);
  if (fault === undefined) return kept;
  throw new Error(`the key in ${kept.file} ${fault}; restore it, or remove the file for a new one`);
}

/** By one address, as Fastify serves the two of `localhost` by two servers, and waits when it closes for one of them. */
async function listen(http: FastifyInstance, { host, port }: Config): Promise<string> {
  const { address } = await lookup(host);
  return http.listen({ host: address, port });
}
