import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "../../support/cluster/cluster";
import { freePort } from "../../support/free-port";
import { MariaDbServer } from "../../support/mariadb";
import { type Environment as Variables, TestProcess } from "../../support/process";
import { type StorageInspector, inspectorOf } from "./storage-inspector";
import type { SmallDisk } from "./small-disk";

/** What is served, and may be killed at any moment. */
export interface Environment {
  /** Of the servers' API, one each, the same before and after a kill. */
  readonly urls: readonly string[];
  /** What the servers keep, seen past them. */
  readonly outside: StorageInspector;
  kill(index: number): Promise<void>;
  /** Starts a server that was killed, and waits until it serves. */
  start(index: number): Promise<void>;
  /** Undefined where the database is a file. */
  readonly database: MariaDbServer | undefined;
  end(): Promise<void>;
}

/** What each server of a world is told. */
export interface Settings {
  readonly adminKey: string;
  readonly secretsKey: Buffer;
  /** What is put into the servers to break them. */
  readonly more: Variables;
}

export const newSettings = (more: Variables): Settings => ({
  adminKey: randomBytes(24).toString("hex"),
  secretsKey: randomBytes(32),
  more,
});

const environmentOf = ({ adminKey, secretsKey, more }: Settings): Variables => ({
  ADMIN_KEY: adminKey,
  SECRETS_KEY: secretsKey.toString("hex"),
  // The models and the receiver of callbacks are programs of this machine.
  MODEL_ALLOWED_HOSTS: "127.0.0.1",
  LOG_LEVEL: "error",
  ...more,
});

/** Two servers on one MariaDB and one Redis. */
export async function clusterWorld(settings: Settings): Promise<Environment> {
  const { adminKey } = settings;
  const cluster = await Cluster.start({ servers: 2, adminKey, environment: environmentOf(settings) });
  const { environment } = cluster.server(0);
  return {
    urls: cluster.servers.map(({ url }) => url),
    outside: inspectorOf(environment),
    database: cluster.database,
    kill: (index) => kill(cluster.server(index)),
    start: (index) => cluster.restart(index),
    end: () => cluster.end(),
  };
}

/** One server: on SQLite, or on a MariaDB of its own. What it keeps in files is in a folder of its own, or on a small disk. */
export async function soleWorld(settings: Settings, database?: MariaDbServer, disk?: SmallDisk): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-proof-"));
  const launcher = disk?.launcher ?? [];
  const environment: Variables = {
    PORT: String(await freePort()),
    ...environmentOf(settings),
    DATA_DIR: disk?.path("data") ?? join(folder, "data"),
    ...(database && { DATABASE_URL: database.url }),
  };
  let server = new TestProcess(environment, [], launcher);
  const end = async () => {
    if (server.exit === null) await server.end("SIGKILL");
    await database?.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.ready();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    urls: [server.url],
    outside: inspectorOf(environment, disk),
    database,
    kill: () => kill(server),
    async start() {
      server = new TestProcess(environment, [], launcher);
      await server.ready();
    },
    end,
  };
}

/** @throws where it has ended by itself before */
async function kill(server: TestProcess): Promise<void> {
  if (server.exit !== null)
    throw new Error(`A server ended by itself, with ${server.exit}: ${server.stderr.slice(-5_000)}`);
  await server.end("SIGKILL");
}
