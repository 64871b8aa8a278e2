import { FairQueue, QueueFullError } from "../../../src/platform/process/fair-queue";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue whose tasks finish on request, and the order in which they started. */
function observed(queue: FairQueue) {
  const started: string[] = [];
  const running = new Map<string, () => void>();
  return {
    started,
    add(appId: string, lane: string, name: string, signal?: AbortSignal) {
      const task = () =>
        new Promise<void>((resolve) => {
          started.push(name);
          running.set(name, resolve);
        });
      return queue.run({ appId, lane }, task, signal);
    },
    async finish(name: string) {
      await settled();
      running.get(name)?.();
      await settled();
    },
  };
}

const limits = { total: 2, perApp: 2, perLane: 2, maxWaiting: 8 };

test("an app and a lane that wait get the next place, however many tasks came before", async () => {
  const tasks = observed(new FairQueue({ ...limits, total: 1 }));
  void tasks.add("a", "1", "a1");
  void tasks.add("a", "1", "a1 again");
  void tasks.add("a", "2", "a2");
  void tasks.add("b", "1", "b1");
  await tasks.finish("a1");
  await tasks.finish("b1");
  await tasks.finish("a2");
  expect(tasks.started).toEqual(["a1", "b1", "a2", "a1 again"]);
});

test("half of the places stay free for apps that have no task in progress", async () => {
  const tasks = observed(new FairQueue(limits));
  void tasks.add("a", "1", "a1");
  void tasks.add("a", "2", "a2");
  await settled();
  expect(tasks.started).toEqual(["a1"]);
  void tasks.add("b", "1", "b1");
  await settled();
  expect(tasks.started).toEqual(["a1", "b1"]);
});

test("a full queue refuses a task, and no app and no lane can fill it alone", async () => {
  const tasks = observed(new FairQueue({ ...limits, total: 1 }));
  void tasks.add("a", "1", "first");
  void tasks.add("a", "1", "second");
  void tasks.add("a", "1", "third");
  await expect(tasks.add("a", "1", "too many of the lane")).rejects.toEqual(new QueueFullError("lane", 2));
  void tasks.add("a", "2", "other lane");
  await expect(tasks.add("a", "2", "too many of both")).rejects.toThrow(QueueFullError);
  void tasks.add("b", "1", "other app");
  void tasks.add("c", "1", "third app");
  await settled();
  expect(tasks.started).toEqual(["first"]);
});

test("a task that is aborted while it waits leaves the queue and frees its place in it", async () => {
  const tasks = observed(new FairQueue({ ...limits, total: 1, maxWaiting: 1 }));
  void tasks.add("a", "1", "first");
  const abort = new AbortController();
  const aborted = tasks.add("b", "1", "aborted", abort.signal);
  await expect(tasks.add("c", "1", "refused")).rejects.toEqual(new QueueFullError("process", 1));
  abort.abort(new Error("gone"));
  await expect(aborted).rejects.toThrow("gone");
  void tasks.add("c", "1", "next");
  await tasks.finish("first");
  expect(tasks.started).toEqual(["first", "next"]);
  await expect(tasks.add("a", "1", "late", abort.signal)).rejects.toThrow("gone");
});

test("a task that fails releases its place", async () => {
  const queue = new FairQueue({ ...limits, total: 1 });
  await expect(queue.run({ appId: "a", lane: "1" }, () => Promise.reject(new Error("failed")))).rejects.toThrow(
    "failed",
  );
  await expect(queue.run({ appId: "a", lane: "1" }, () => Promise.resolve("done"))).resolves.toBe("done");
});
