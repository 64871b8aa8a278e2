import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { contentOf } from "./content";
import type { Passage } from "./passage";
import type { Answer } from "./processes";
import { bestPassages } from "./ranking";
import type { FindTask, FoundPassage, Reading, ReadTask, Task, TellTask, Told } from "./reader";
import { reasonOf } from "./unreadable";

/** The process as a whole may take so many times what its heap may. */
const outsideOfHeap = 2;

/** One that has grown to such a share of it is not used again, so that each document has the same room. */
const spentFrom = 1 / 8;

const workerData = { maxBytes: outsideOfHeap * getHeapStatistics().heap_size_limit, parent: process.ppid };
new Worker(join(__dirname, "watchdog.js"), { workerData }).unref();

process.on("message", (task: Task) => {
  const answer = (outcome: { result: unknown } | { fault: string }) =>
    process.send?.({
      ...outcome,
      isSpent: process.memoryUsage.rss() > spentFrom * workerData.maxBytes,
    } satisfies Answer);
  carryOut(task).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ fault: (error as Error).stack ?? String(error) }),
  );
});

function carryOut(task: Task): Promise<unknown> {
  switch (task.kind) {
    case "tell":
      return tell(task);
    case "read":
      return read(task);
    case "find":
      return find(task);
  }
}

async function tell({ path }: TellTask): Promise<Told> {
  const content = await contentOf(await readFile(path));
  return content ? { kind: "told", mediaType: content.mediaType } : { kind: "unsupported" };
}

/** Reads a document, and writes its passages into a file, one a line, as JSON. */
async function read({ path, passagesPath }: ReadTask): Promise<Reading> {
  const content = await contentOf(await readFile(path));
  if (!content) return { kind: "failed", reason: "It is of no type that can be read." };
  try {
    const lines = jsonLines(content.passages());
    await pipeline(lines, createWriteStream(passagesPath, { mode: 0o600, flush: true }));
    return { kind: "read" };
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    return { kind: "failed", reason };
  }
}

/** Finds the passages of documents that answer a question best. */
async function find({ documents, question, earlier, most }: FindTask): Promise<FoundPassage[]> {
  const passages: FoundPassage[] = [];
  for (const { id, passagesPath } of documents) {
    for await (const line of createInterface({ input: createReadStream(passagesPath), crlfDelay: Infinity })) {
      passages.push({ ...(JSON.parse(line) as Passage), documentId: id });
    }
  }
  return bestPassages(passages, question, earlier, most);
}

async function* jsonLines(passages: Iterable<Passage> | AsyncIterable<Passage>): AsyncGenerator<string> {
  for await (const passage of passages) yield `${JSON.stringify(passage)}\n`;
}
