import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const chunkBytes = 1_048_576;

/**
 * A small file system in memory that can be filled to the last byte. It is mounted in a separate namespace, so that the
 * kernel removes it when the process that holds the namespace exits, however that happens.
 */
export class SmallDisk {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly mountPoint: string,
  ) {}

  /** @throws {Error} if this machine does not allow mounts */
  static async mount(megabytes: number): Promise<SmallDisk> {
    const mountPoint = await mkdtemp(join(tmpdir(), "latchkey-disk-"));
    const script = `mount -t tmpfs -o size=${megabytes}m,mode=700 latchkey '${mountPoint}' && echo mounted && read end`;
    // Another user than root becomes root within the namespace, if the system allows user namespaces.
    const holder = spawn("unshare", [...(isRoot ? [] : ["--map-root-user"]), "--mount", "sh", "-c", script], {
      // It exits with this process, which holds the other end of its standard input.
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    holder.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    const isMounted = await Promise.race([
      once(holder.stdout, "data").then(() => true),
      once(holder, "close").then(() => false),
      once(holder, "error").then(([error]) => ((output = (error as Error).message), false)),
    ]);
    if (isMounted) return new SmallDisk(holder, mountPoint);
    await rm(mountPoint, { recursive: true });
    throw new Error(
      `The fault "disk full" needs a mount namespace: Linux with unshare and nsenter (util-linux), and root or user namespaces (${output.trim()})`,
    );
  }

  /** The command that runs a program within the namespace, where the disk is visible. */
  get launcher(): string[] {
    const user = isRoot ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", `--target=${this.holder.pid}`, ...user, "--mount"];
  }

  /** The path of a file for programs within the namespace. */
  path(name: string): string {
    return join(this.mountPoint, name);
  }

  /** The path of a file for this process. SQLite does not accept it, because it resolves symbolic links itself. */
  pathFromHere(name: string): string {
    return join(`/proc/${this.holder.pid}/root`, this.path(name));
  }

  /** Fills the disk, except for at most this many bytes. */
  async fill(freeBytes: number): Promise<void> {
    const zeros = Buffer.alloc(chunkBytes);
    const file = createWriteStream(this.fillerPath, { flags: "a" });
    try {
      await pipeline(Readable.from(endless(zeros)), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
    await truncate(this.fillerPath, Math.max(0, file.bytesWritten - freeBytes));
  }

  async clear(): Promise<void> {
    await rm(this.fillerPath, { force: true });
  }

  async unmount(): Promise<void> {
    const exited = once(this.holder, "close");
    this.holder.stdin?.end();
    await exited;
    await rm(this.mountPoint, { recursive: true });
  }

  private get fillerPath(): string {
    return this.pathFromHere("filler");
  }
}

const isRoot = userInfo().uid === 0;

function* endless(chunk: Buffer): Generator<Buffer> {
  for (;;) yield chunk;
}
