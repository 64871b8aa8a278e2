import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Detection } from "./document-reader";
import { isArchive, isCompoundFile, maxHeadBytes } from "./extraction/head";
import type { ExtractorLine, ExtractorTask } from "./extractor";
import type { MediaType } from "./extraction/media-type";
import type { Passage } from "./extraction/passage";
import { crashed, outOfMemory, outOfMemorySignals, UnreadableError } from "./extraction/unreadable-error";
import { onProcessorTimeSpent } from "./processor-time";
import { sandboxArguments } from "./sandbox";

/** Of processor time. */
const maxDetectSeconds = 2;

/** Longer than any line of the extractor, with each character escaped. */
const maxLineChars = 1_000_000;

/** Called with the id of each sandboxed process as long as it runs. */
export type Watch = (pid: number) => () => void;

interface Sandboxed {
  readonly child: ChildProcess;
  readonly input: NodeJS.WritableStream;
  readonly output: Readable;
  readonly exited: Promise<unknown[]>;
}

/** Reads documents, each in a sandboxed process of its own that is handed nothing but the document. */
export class Extraction {
  /** Started before its document is there, because that takes longer than to read a short document. */
  private spare: Sandboxed | undefined;

  constructor(
    private readonly heapMegabytes: number,
    private readonly watch: Watch,
  ) {}

  /** @throws {UnreadableError} if it takes too long or too much memory */
  async detect(path: string): Promise<Detection> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { buffer: head, bytesRead } = await file.read(Buffer.alloc(maxHeadBytes), 0, maxHeadBytes, 0);
      const bytes = isArchive(head) || isCompoundFile(head) ? size : bytesRead;
      const task = { kind: "detect", bytes, isWhole: bytes === size } as const;
      for await (const line of this.linesOf(file, task, maxDetectSeconds)) {
        if (line.kind === "detected" || line.kind === "unsupported" || line.kind === "failed") return line;
      }
    } finally {
      await file.close();
    }
    throw crashed();
  }

  /** @throws {UnreadableError} while iterating */
  async *passagesOf(path: string, mediaType: MediaType): AsyncGenerator<Passage> {
    const file = await open(path);
    try {
      const { size: bytes } = await file.stat();
      for await (const line of this.linesOf(file, { kind: "extract", bytes, mediaType })) {
        if (line.kind === "passages") yield* line.passages;
        else if (line.kind === "failed") throw new UnreadableError(line.reason);
        else if (line.kind === "end") return;
      }
    } finally {
      await file.close();
    }
    throw crashed();
  }

  /** Starts a process for the next document, unless there is one. */
  prepare(): void {
    this.spare ??= this.start();
  }

  private start(): Sandboxed {
    const child = spawn(process.execPath, sandboxArguments("extractor.js", this.heapMegabytes), {
      stdio: ["pipe", "pipe", "ignore"],
      env: {},
    });
    const exited = once(child, "exit");
    const unwatch = child.pid === undefined ? undefined : this.watch(child.pid);
    // If it can't be started, the wait for it below reports that.
    exited.catch(() => undefined).finally(unwatch);
    // A process that has ended has an outcome, or is reported as crashed.
    child.stdin.on("error", () => undefined);
    return { child, input: child.stdin, output: child.stdout, exited };
  }

  /** The prepared process, if it lives. */
  private take(): Sandboxed {
    const { spare } = this;
    this.spare = undefined;
    return spare?.child.exitCode === null && spare.child.signalCode === null ? spare : this.start();
  }

  private async *linesOf(file: FileHandle, task: ExtractorTask, maxSeconds?: number): AsyncGenerator<ExtractorLine> {
    const { child, input, output, exited } = this.take();
    input.write(`${JSON.stringify(task)}\n`);
    const content = task.bytes === 0 ? Readable.from([]) : contentOf(file, task.bytes);
    content.on("error", () => child.kill("SIGKILL")).pipe(input);

    const timeout = new AbortController();
    let unwatchTime: (() => void) | undefined;
    const expire = () => {
      timeout.abort();
      child.kill("SIGKILL");
    };
    try {
      for await (const line of parsedLines(output)) {
        if (line.kind === "ready" && maxSeconds !== undefined && child.pid !== undefined)
          unwatchTime = onProcessorTimeSpent(child.pid, maxSeconds, expire);
        yield line;
      }
      const [, signal] = (await exited) as [number | null, NodeJS.Signals | null];
      if (timeout.signal.aborted)
        throw new UnreadableError(`Detecting its type takes more than ${maxDetectSeconds} s of processor time.`);
      if (outOfMemorySignals.has(signal)) throw outOfMemory();
    } finally {
      unwatchTime?.();
      content.destroy();
      child.kill("SIGKILL");
    }
  }
}

const contentOf = (file: FileHandle, bytes: number): Readable =>
  file.createReadStream({ start: 0, end: bytes - 1, autoClose: false });

/** @throws {UnreadableError} if a line is too long or is not one of an extractor, which a document may have taken over */
async function* parsedLines(output: Readable): AsyncGenerator<ExtractorLine> {
  let rest = "";
  for await (const chunk of output.setEncoding("utf8")) {
    const lines = (rest + (chunk as string)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineChars) throw crashed();
    for (const line of lines) yield parsed(line);
  }
}

function parsed(text: string): ExtractorLine {
  try {
    const line = JSON.parse(text) as ExtractorLine;
    if (line.kind !== "passages" || line.passages.every(isPassage)) return line;
  } catch {
    // The same as a line of the wrong form.
  }
  throw crashed();
}

const isPassage = ({ quote, searchText = "", heading = "", page = 1 }: Passage): boolean =>
  [quote, searchText, heading].every((text) => typeof text === "string") && Number.isInteger(page);
