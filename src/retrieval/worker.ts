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

/** The memory limit of the whole process, in multiples of the heap limit. */
const memoryPerHeap = 2;

/** A worker that has grown to this share of its memory limit is recycled, so that every document has the same limit. */
const recycleShare = 1 / 8;

const workerData = { maxBytes: memoryPerHeap * getHeapStatistics().heap_size_limit, parentPid: process.ppid };
new Worker(join(__dirname, "watchdog.js"), { workerData }).unref();

process.on("message", (task: Task) => {
  const reply = (outcome: { result: unknown } | { error: string }) =>
    process.send?.({
      ...outcome,
      mustRecycle: process.memoryUsage.rss() > recycleShare * workerData.maxBytes,
    } satisfies WorkerReply);
  execute(task).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: (error as Error).stack ?? String(error) }),
  );
});

async function execute(task: Task): Promise<unknown> {
  switch (task.kind) {
    case "detect":
      return detect(task);
    case "index":
      return index(task);
    case "search":
      return search(task);
  }
}

async function detect({ path }: DetectTask): Promise<Detection> {
  const mediaType = await detectMediaType(await readFile(path));
  return mediaType ? { kind: "detected", mediaType } : { kind: "unsupported" };
}

async function index({ path, mediaType, indexPath }: IndexTask): Promise<IndexOutcome> {
  // An earlier attempt that was cut off may have left a file.
  await rm(indexPath, { force: true });
  const content = await readFile(path);
  try {
    await writeIndex(indexPath, await passagesOf(content, mediaType));
    return { kind: "indexed" };
  } catch (error) {
    await rm(indexPath, { force: true });
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    return { kind: "failed", reason };
  }
}

/** Documents whose index is gone have no passages. */
function search({ documents, question, earlier, maxPassages }: SearchTask): FoundPassage[] {
  const searched = documents.flatMap(({ id, indexPath }) => {
    const opened = PassageIndex.open(indexPath);
    return opened ? [{ id, index: opened }] : [];
  });
  try {
    return bestPassages(searched, question, earlier, maxPassages);
  } finally {
    for (const document of searched) document.index.close();
  }
}
