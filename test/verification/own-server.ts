import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../src/config";
import { type DatabaseConfig } from "../../src/platform/database/database-config";
import { MariaDbServer } from "../support/mariadb";
import { type Environment, TestProcess } from "../support/process";
import type { VerificationOptions } from "./program";

/** Verifications send many invalid credentials from one address. */
export const anyNumberOfGuesses = { MAX_FAILED_CREDENTIALS_PER_MINUTE: "1000000" };

/** A server process with a separate folder and database, which are deleted when it ends. */
export class OwnServer {
  private constructor(
    readonly process: TestProcess,
    readonly folder: string,
    private readonly mariaDb: MariaDbServer | undefined,
  ) {}

  /** Resolves when the server accepts requests. */
  static async start(database: VerificationOptions["database"], environment: Environment = {}): Promise<OwnServer> {
    const mariaDb = database === "mysql" ? await MariaDbServer.start() : undefined;
    const folder = await mkdtemp(join(tmpdir(), "latchkey-verify-"));
    const process = new TestProcess({
      ADMIN_KEY: randomUUID(),
      DATA_DIR: join(folder, "data"),
      LOG_LEVEL: "error",
      ...anyNumberOfGuesses,
      ...(mariaDb && { DATABASE_URL: mariaDb.url }),
      ...environment,
    });
    const server = new OwnServer(process, folder, mariaDb);
    try {
      await process.ready();
    } catch (error) {
      await server.end();
      throw error;
    }
    return server;
  }

  get config(): { readonly database: DatabaseConfig; readonly dataDir: string } {
    return readConfig(this.process.environment);
  }

  async end(): Promise<void> {
    if (this.process.exit === null) await this.process.end("SIGKILL");
    await this.mariaDb?.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
