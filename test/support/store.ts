import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "./process";
import { S3Server } from "./s3-server";

/** The storage of a test server, accessed without the server. */
export interface TestStore {
  /** Configures a server to use this storage. */
  readonly environment: Environment;
  /** Names of all files: `<id>` for content, `<id>.index` for indexes. */
  names(): Promise<string[]>;
  contentOf(name: string): Promise<Buffer>;
  /** Deletes a file behind the server's back. */
  lose(name: string): Promise<void>;
  /** Writes a file that has an old modification time. */
  plant(name: string, content: Buffer | string): Promise<void>;
  drop(): Promise<void>;
}

/** Whether tests use a bucket (TEST_STORAGE is `s3`) instead of the data directory. */
export const isOnS3 = (): boolean => process.env["TEST_STORAGE"] === "s3";

export async function createTestStore(dataDir: string): Promise<TestStore> {
  return isOnS3() ? s3Store(await S3Server.start()) : folderStore(join(dataDir, "documents"));
}

export const s3Store = (server: S3Server): TestStore => ({
  environment: server.environment,
  names: async () => server.names(),
  contentOf: (name) => server.contentOf(name),
  lose: (name) => server.lose(name),
  plant: (name, content) => server.plant(name, content),
  drop: () => server.stop(),
});

const folderStore = (folder: string): TestStore => ({
  environment: {},
  names: () => readdir(folder),
  contentOf: (name) => readFile(join(folder, name)),
  lose: (name) => rm(join(folder, name)),
  plant: async (name, content) => {
    await writeFile(join(folder, name), content);
    await utimes(join(folder, name), 0, 0);
  },
  // It is deleted with the data directory.
  drop: () => Promise.resolve(),
});
