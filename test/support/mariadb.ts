import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { freePort } from "./free-port";
import { eventually } from "./runs";

/** Includes crash recovery. */
const startTimeoutMs = 60_000;

/** Debian installs the server into a folder that is only on the PATH of administrators. */
const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };

/** A MariaDB server with its own data folder, which can be killed and restarted. */
export class MariaDbServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** @throws {Error} if MariaDB is not installed */
  static async start(): Promise<MariaDbServer> {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-mariadb-"));
    const server = new MariaDbServer(folder, await freePort());
    try {
      await promisify(execFile)(
        "mariadb-install-db",
        [...server.options, "--auth-root-authentication-method=normal", "--skip-test-db"],
        { env: environment },
      );
      await server.start();
      await server.sql("CREATE DATABASE latchkey", "");
    } catch (error) {
      await server.remove();
      throw (error as NodeJS.ErrnoException).code === "ENOENT"
        ? new Error("MariaDB is required, but is not installed; on Debian, run apt-get install mariadb-server")
        : error;
    }
    return server;
  }

  get url(): string {
    return this.urlAt(this.port);
  }

  /** The URL of the same database through a proxy. @param port the port of the proxy */
  urlAt(port: number): string {
    return `mysql://root@127.0.0.1:${port}/latchkey`;
  }

  async start(): Promise<void> {
    const child = spawn(
      "mariadbd",
      [
        ...this.options,
        `--socket=${join(this.folder, "socket")}`,
        `--port=${this.port}`,
        "--bind-address=127.0.0.1",
        "--max-connections=500",
      ],
      { stdio: "ignore", env: environment },
    );
    this.child = child;
    await once(child, "spawn");
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`MariaDB exited with ${child.exitCode}`);
      return this.sql("SELECT 1", "").catch(() => undefined);
    }, startTimeoutMs);
  }

  /** Kills the process, and waits until it has exited. Committed data survives. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Suspends the process: connections stay open, but nothing is answered. */
  hang(): void {
    this.child?.kill("SIGSTOP");
  }

  wake(): void {
    this.child?.kill("SIGCONT");
  }

  async sql(statement: string, database = "latchkey"): Promise<Record<string, unknown>[]> {
    const connection = await createConnection({ host: "127.0.0.1", port: this.port, user: "root", database });
    try {
      const [rows] = await connection.query(statement);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      connection.destroy();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private get options(): string[] {
    return ["--no-defaults", `--user=${userInfo().username}`, `--datadir=${join(this.folder, "data")}`];
  }
}
