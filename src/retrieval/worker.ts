import { rm } from "node:fs/promises";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { Extraction } from "./extraction-process";
import { PassageIndex } from "./search/passage-index";
import { writeIndex } from "./search/passage-index-writer";
import type { WorkerReply } from "./worker-pool";
import { bestPassages, type FoundPassage } from "./search/ranking";
import type { Detection, DetectTask, IndexOutcome, IndexTask, ReadFailure, SearchTask, Task } from "./document-reader";
import { reasonOf } from "./extraction/unreadable-error";

/** The memory limit of the whole process, in multiples of the heap limit. */
const memoryPerHeap = 2;

/** A worker that has grown to this share of its memory limit is recycled, so that every document has the same limit. */
const recycleShare = 1 / 8;

const heapMegabytes = Number(process.argv[2]);
const workerData = { maxBytes: memoryPerHeap * getHeapStatistics().heap_size_limit, parentPid: process.ppid };
const watchdog = new Worker(join(__dirname, "watchdog.js"), { workerData });
watchdog.unref();

const extraction = new Extraction(heapMegabytes, (pid) => {
  watchdog.postMessage({ pid, isRunning: true });
  return () => watchdog.postMessage({ pid, isRunning: false });
});

process.on("message", (task: Task) => {
  const reply = (outcome: { result: unknown } | { error: string }) =>
    process.send?.({
      ...outcome,
      mustRecycle: process.memoryUsage.rss() > recycleShare * workerData.maxBytes,
    } satisfies WorkerReply);
  execute(task)
    .then(
      (result) => reply({ result }),
      (error: unknown) => reply({ error: (error as Error).stack ?? String(error) }),
    )
    .finally(() => {
      if (task.kind !== "search") extraction.prepare();
    });
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

const detect = ({ path }: DetectTask): Promise<Detection> => extraction.detect(path).catch(failure);

async function index({ path, mediaType, indexPath }: IndexTask): Promise<IndexOutcome> {
  // An earlier attempt that was cut off may have left a file.
  await rm(indexPath, { force: true });
  try {
    await writeIndex(indexPath, extraction.passagesOf(path, mediaType));
    return { kind: "indexed" };
  } catch (error) {
    await rm(indexPath, { force: true });
    return failure(error);
  }
}

/** @throws the error, unless it is a fault of the document */
function failure(error: unknown): ReadFailure {
  const reason = reasonOf(error);
  if (reason === undefined) throw error;
  return { kind: "failed", reason };
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
