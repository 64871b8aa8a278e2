import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "./process";
import { S3Server } from "./s3-server";

/** Where a server of the tests keeps its documents, seen from outside. */
export interface TestStore {
  /** What a server has to be told to keep them there. */
  readonly environment: Environment;
  /** All that is there: documents by their ids, indexes as `<id>.index`. */
  names(): Promise<string[]>;
  contentOf(name: string): Promise<Buffer>;
  /** Takes something away. */
  lose(name: string): Promise<void>;
  /** Puts something there that looks as if it had been written long ago. */
  plant(name: string, content: Buffer | string): Promise<void>;
  drop(): Promise<void>;
}

/** The data directory, or where TEST_STORAGE is `s3` a store of its own that speaks S3. */
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
  // It goes with the data directory.
  drop: () => Promise.resolve(),
});
