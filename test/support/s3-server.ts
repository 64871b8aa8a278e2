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

/** A process that serves an S3 bucket from a folder. */
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
      // The only key that s3rver accepts.
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    };
  }

  /** The names of the objects, without the prefix. */
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

  /** Deletes an object without a request. */
  async lose(name: string): Promise<void> {
    await rm(this.pathOf(name));
  }

  /** Writes an object that has an old modification time. */
  async plant(name: string, content: Buffer | string): Promise<void> {
    const path = this.pathOf(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await utimes(path, 0, 0);
  }

  /** Starts the process, on the same port each time. */
  async up(): Promise<void> {
    const options = ["--directory", this.folder, "--address", "127.0.0.1", "--port", `${this.port}`];
    // s3rver encrypts continuation tokens with a cipher that Node.js provides only as a legacy one.
    const node = ["--openssl-legacy-provider", program];
    const child = spawn(process.execPath, [...node, ...options, "--silent", "--configure-bucket", bucket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let output = "";
      child.once("exit", () => reject(new Error(`The S3 server did not start: ${output}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-1_000);
        if (output.includes("listening on")) resolve();
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
