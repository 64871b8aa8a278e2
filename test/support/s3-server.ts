import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "./free-port";
import type { Environment } from "./process";

const bucket = "latchkey";
const prefix = "kept/here";
const program = join(dirname(require.resolve("s3rver/package.json")), "bin/s3rver.js");
const suffix = "._S3rver_object";

/** A process that serves a bucket by the protocol of S3, and what it has there. */
export class S3Server {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<S3Server> {
    const server = new S3Server(await mkdtemp(join(tmpdir(), "latchkey-s3-")), await freePort());
    await server.up();
    return server;
  }

  get environment(): Environment {
    const endpoint = encodeURIComponent(`http://127.0.0.1:${this.port}`);
    return {
      STORAGE_URL: `s3://${bucket}/${prefix}?endpoint=${endpoint}&region=us-east-1&pathStyle=true`,
      // The one key that it knows.
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    };
  }

  /** The names of its objects, without the prefix. */
  names(): string[] {
    try {
      const files = readdirSync(join(this.folder, bucket, prefix));
      return files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  contentOf(name: string): Promise<Buffer> {
    return readFile(this.pathOf(name));
  }

  /** Takes away an object. */
  async lose(name: string): Promise<void> {
    await rm(this.pathOf(name));
  }

  /** Puts an object there that was written long ago, or makes one of that age that is there. */
  async plant(name: string, content: Buffer | string): Promise<void> {
    const path = this.pathOf(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await utimes(path, 0, 0);
  }

  /** Serves again, at the same port, what it has. */
  async up(): Promise<void> {
    const at = ["--directory", this.folder, "--address", "127.0.0.1", "--port", `${this.port}`];
    // It hides where a page of a listing ends by a cipher that Node knows no more by itself.
    const node = ["--openssl-legacy-provider", program];
    const child = spawn(process.execPath, [...node, ...at, "--silent", "--configure-bucket", bucket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let told = "";
      child.once("exit", () => reject(new Error(`The S3 server did not start: ${told}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        told = (told + chunk.toString()).slice(-1_000);
        if (told.includes("listening on")) resolve();
      });
    });
  }

  async down(): Promise<void> {
    if (this.child?.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true, force: true });
  }

  private pathOf(name: string): string {
    return join(this.folder, bucket, prefix, name + suffix);
  }
}
