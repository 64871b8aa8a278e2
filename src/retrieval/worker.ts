import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { detectMediaType, passagesOf } from "./extraction/content";
import { PassageIndex, writeIndex } from "./search/passage-index";
import type { WorkerReply } from "./worker-pool";
import { bestPassages, type FoundPassage } from "./search/ranking";
import type { SearchTask, IndexOutcome, IndexTask, Task, DetectTask, Detection } from "./document-reader";
import { reasonOf } from "./extraction/unreadable-error";

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
      mustRecycle: process.memoryUsage.rss() > spentFrom * workerData.maxBytes,
    } satisfies WorkerReply);
  carryOut(task).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ fault: (error as Error).stack ?? String(error) }),
  );
});

async function carryOut(task: Task): Promise<unknown> {
  switch (task.kind) {
    case "tell":
      return tell(task);
    case "read":
      return read(task);
    case "find":
      return find(task);
  }
}

async function tell({ path }: DetectTask): Promise<Detection> {
  const mediaType = await detectMediaType(await readFile(path));
  return mediaType ? { kind: "told", mediaType } : { kind: "unsupported" };
}

/** Reads a document, and writes the index of its passages. */
async function read({ path, mediaType, indexPath }: IndexTask): Promise<IndexOutcome> {
  // What an earlier reading has left that was cut off.
  await rm(indexPath, { force: true });
  const content = await readFile(path);
  try {
    await writeIndex(indexPath, passagesOf(content, mediaType));
    return { kind: "read" };
  } catch (error) {
    await rm(indexPath, { force: true });
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    return { kind: "failed", reason };
  }
}

/** Finds the passages of documents that answer a question best. A document that is gone has none. */
function find({ documents, question, earlier, most }: SearchTask): FoundPassage[] {
  const searched = documents.flatMap(({ id, indexPath }) => {
    const index = PassageIndex.open(indexPath);
    return index ? [{ id, index }] : [];
  });
  try {
    return bestPassages(searched, question, earlier, most);
  } finally {
    for (const { index } of searched) index.close();
  }
}
