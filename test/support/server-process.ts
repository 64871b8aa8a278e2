import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client";
import { createTestDatabase } from "./database";
import { adminKey } from "./server";

/** The built server in a process of its own, on the same port and the same data each time that it is started. */
export class ServerProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly environment: NodeJS.ProcessEnv,
    readonly url: string,
    private readonly drop: () => Promise<unknown>,
  ) {}

  static async create(): Promise<ServerProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), "latchkey-test-"));
    const database = await createTestDatabase();
    const port = await freePort();
    const environment = {
      PATH: process.env["PATH"],
      PORT: `${port}`,
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      ADMIN_KEY: adminKey,
      LOG_LEVEL: "error",
    };
    return new ServerProcess(environment, `http://127.0.0.1:${port}/graphql`, async () => {
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    });
  }

  /** Comes back when it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ["dist/src/main.js"], {
      env: this.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child = child;
    const [word] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as [unknown];
    if (!String(word).includes(this.url)) throw new Error(`The server did not start: ${String(word)}`);
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.drop();
  }

  get admin(): Client {
    return new Client(this.url, ["authorization", `Bearer ${adminKey}`]);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
