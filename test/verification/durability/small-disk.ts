import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** So much is written at once to fill it, in bytes. */
const portion = 1_048_576;

/**
 * A file system of a few megabytes in memory, which can be filled to the last byte. It is mounted in a namespace of its
 * own, so that nothing of it is left when the process that holds it has ended, in whatever way.
 */
export class SmallDisk {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly mountPoint: string,
  ) {}

  /** @throws Error that says what is needed, where this machine lets nobody mount */
  static async mount(megabytes: number): Promise<SmallDisk> {
    const mountPoint = await mkdtemp(join(tmpdir(), "latchkey-disk-"));
    const script = `mount -t tmpfs -o size=${megabytes}m,mode=700 latchkey '${mountPoint}' && echo mounted && read end`;
    // Who is not root becomes it within the namespace, where the system allows that.
    const holder = spawn("unshare", [...(isRoot ? [] : ["--map-root-user"]), "--mount", "sh", "-c", script], {
      // It ends with this process, as that is who holds the other end of its input.
      stdio: ["pipe", "pipe", "pipe"],
    });
    let said = "";
    holder.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const isMounted = await Promise.race([
      once(holder.stdout, "data").then(() => true),
      once(holder, "close").then(() => false),
      once(holder, "error").then(([error]) => ((said = (error as Error).message), false)),
    ]);
    if (isMounted) return new SmallDisk(holder, mountPoint);
    await rm(mountPoint, { recursive: true });
    throw new Error(
      `A full disk takes a file system in a mount namespace: Linux with unshare and nsenter (util-linux), and root or user namespaces (${said.trim()})`,
    );
  }

  /** Runs a program where the disk can be seen. */
  get launcher(): string[] {
    const user = isRoot ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", `--target=${this.holder.pid}`, ...user, "--mount"];
  }

  /** Where it is for programs that were launched there. */
  path(name: string): string {
    return join(this.mountPoint, name);
  }

  /** Where it is for this process. SQLite takes no such path, since it follows links by itself. */
  pathFromHere(name: string): string {
    return join(`/proc/${this.holder.pid}/root`, this.path(name));
  }

  /** Fills it, and leaves so many bytes at most. */
  async fill(left: number): Promise<void> {
    const zeros = Buffer.alloc(portion);
    const file = createWriteStream(this.filler, { flags: "a" });
    try {
      await pipeline(Readable.from(endless(zeros)), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
    await truncate(this.filler, Math.max(0, file.bytesWritten - left));
  }

  async clear(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  async unmount(): Promise<void> {
    const ended = once(this.holder, "close");
    this.holder.stdin?.end();
    await ended;
    await rm(this.mountPoint, { recursive: true });
  }

  private get filler(): string {
    return this.pathFromHere("filler");
  }
}

const isRoot = userInfo().uid === 0;

function* endless(portion: Buffer): Generator<Buffer> {
  for (;;) yield portion;
}
