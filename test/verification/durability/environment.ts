import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowHosts } from "../../support/allowed-hosts";
import { Cluster } from "../../support/cluster/cluster";
import { freePort } from "../../support/free-port";
import { MariaDbServer } from "../../support/mariadb";
import { type Environment as Variables, TestProcess } from "../../support/process";
import { anyNumberOfGuesses } from "../own-server";
import { type StorageInspector, inspectorOf } from "./storage-inspector";
import type { SmallDisk } from "./small-disk";

/** The servers under test and their storage. */
export interface Environment {
  /** The URL of each server's API, which stays the same across restarts. */
  readonly urls: readonly string[];
  readonly storage: StorageInspector;
  kill(index: number): Promise<void>;
  /** Starts a server that was killed, and waits until it is ready. */
  start(index: number): Promise<void>;
  /** Undefined on SQLite. */
  readonly database: MariaDbServer | undefined;
  stop(): Promise<void>;
}

/** The configuration that all servers share. */
export interface Settings {
  readonly adminKey: string;
  readonly secretsKey: Buffer;
  /** Additional environment variables, such as one that breaks the servers on purpose. */
  readonly extraVariables: Variables;
}

export const newSettings = (extraVariables: Variables): Settings => ({
  adminKey: randomBytes(24).toString("hex"),
  secretsKey: randomBytes(32),
  extraVariables,
});

const variablesOf = ({ adminKey, secretsKey, extraVariables }: Settings): Variables => ({
  ADMIN_KEY: adminKey,
  SECRETS_KEY: secretsKey.toString("hex"),
  // The model server and the receiver of callbacks run on this machine.
  ...allowHosts("127.0.0.1"),
  LOG_LEVEL: "error",
  ...anyNumberOfGuesses,
  ...extraVariables,
});

/** Starts two servers that share a MariaDB and a Redis. */
export async function startCluster(settings: Settings): Promise<Environment> {
  const { adminKey } = settings;
  const cluster = await Cluster.start({ servers: 2, adminKey, environment: variablesOf(settings) });
  const { environment: variables } = cluster.server(0);
  return {
    urls: cluster.servers.map(({ url }) => url),
    storage: inspectorOf(variables),
    database: cluster.database,
    kill: (index) => kill(cluster.server(index)),
    start: (index) => cluster.restart(index),
    stop: () => cluster.end(),
  };
}

/**
 * Starts one server.
 *
 * @param database a MariaDB of which the environment takes ownership; SQLite if undefined
 * @param disk holds the data directory; a temporary folder if undefined
 */
export async function startSingleServer(
  settings: Settings,
  database?: MariaDbServer,
  disk?: SmallDisk,
): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-verification-"));
  const launcher = disk?.launcher ?? [];
  const variables: Variables = {
    PORT: String(await freePort()),
    ...variablesOf(settings),
    DATA_DIR: disk?.path("data") ?? join(folder, "data"),
    ...(database && { DATABASE_URL: database.url }),
  };
  let server = new TestProcess(variables, ["start"], launcher);
  const stop = async () => {
    if (server.exit === null) await server.end("SIGKILL");
    await database?.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: [server.url],
    storage: inspectorOf(variables, disk),
    database,
    kill: () => kill(server),
    async start() {
      server = new TestProcess(variables, ["start"], launcher);
      await server.ready();
    },
    stop,
  };
}

/** @throws {Error} if the server has already exited */
async function kill(server: TestProcess): Promise<void> {
  if (server.exit !== null) {
    throw new Error(`A server exited unexpectedly with ${server.exit}: ${server.stderr.slice(-5_000)}`);
  }
  await server.end("SIGKILL");
}
