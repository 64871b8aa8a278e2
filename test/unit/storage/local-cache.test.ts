import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LocalCache } from "../../../src/platform/storage/local-cache";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-copies-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A cache of files of ten bytes each, which records the names it fills. */
function newCache(
  maxBytes: number,
  fill = async (name: string, path: string): Promise<number | undefined> => {
    await writeFile(path, name.padEnd(10));
    return 10;
  },
) {
  const filled: string[] = [];
  const cache = new LocalCache(folder, maxBytes, (name, path) => {
    filled.push(name);
    return fill(name, path);
  });
  /** Acquires a file and releases it immediately. */
  const use = async (name: string) => {
    const copy = await cache.acquire(name);
    copy?.release();
    return copy !== undefined;
  };
  const names = async () => (await readdir(folder)).map((file) => file.replace(/\.\d+$/, "")).sort();
  return { cache, filled, use, names };
}

test("concurrent requests for a file fill it once", async () => {
  const { cache, filled } = newCache(100);
  const acquired = await Promise.all(Array.from({ length: 20 }, () => cache.acquire("a")));
  expect(filled).toEqual(["a"]);
  expect(new Set(acquired.map((copy) => copy?.path)).size).toBe(1);
  expect(await readFile(acquired[0]?.path ?? "", "utf8")).toBe("a         ");
});

test("the least recently used file is evicted first, and filled again on the next request", async () => {
  const { filled, use, names } = newCache(30);
  for (const name of ["a", "b", "c", "a", "d"]) await use(name);
  await delay(50);
  expect(await names()).toEqual(["a", "c", "d"]);
  await use("b");
  expect(filled).toEqual(["a", "b", "c", "d", "b"]);
});

test("a file in use is not evicted, whatever its size, until it is released", async () => {
  const { cache, use, names } = newCache(20);
  const acquired = await Promise.all(["a", "b", "c", "d"].map((name) => cache.acquire(name)));
  await use("e");
  await delay(50);
  expect((await names()).slice(0, 4)).toEqual(["a", "b", "c", "d"]);
  for (const copy of acquired) expect(await readFile(copy?.path ?? "")).toHaveLength(10);

  for (const copy of acquired) copy?.release();
  // A second release has no effect.
  acquired[0]?.release();
  await delay(50);
  expect(await names()).toHaveLength(2);
});

test("a fill that fails or finds nothing leaves no file and is retried on the next request", async () => {
  let outcome: () => number | undefined = () => {
    throw new Error("interrupted");
  };
  const { filled, use, names } = newCache(100, async (_, path) => {
    await writeFile(path, "half");
    return outcome();
  });
  await expect(use("a")).rejects.toThrow("interrupted");
  expect(await names()).toEqual([]);
  outcome = () => undefined;
  expect(await use("a")).toBe(false);
  expect(await names()).toEqual([]);
  outcome = () => 4;
  expect(await use("a")).toBe(true);
  expect(filled).toEqual(["a", "a", "a"]);
});

test("a file that is evicted while it is filled or used is deleted", async () => {
  let finish: () => void = () => undefined;
  const { cache, use, names } = newCache(100, async (_, path) => {
    await new Promise<void>((resolve) => (finish = resolve));
    await writeFile(path, "late");
    return 4;
  });
  const late = use("a");
  await cache.evict(["a", "unknown"]);
  finish();
  expect(await late).toBe(false);
  expect(await names()).toEqual([]);

  await cache.add("b", cache.newPath("b"), 10);
  const acquired = await cache.acquire("b");
  await cache.evict(["b"]);
  acquired?.release();
  expect(await names()).toEqual([]);
});

test("evictUnused deletes files that were not used since the given time, except those in use", async () => {
  const { cache, use, names } = newCache(100);
  await use("a");
  const acquired = await cache.acquire("b");
  await cache.evictUnused(Date.now() - 60_000);
  expect(await names()).toEqual(["a", "b"]);
  await cache.evictUnused(Date.now() + 1);
  expect(await names()).toEqual(["b"]);
  acquired?.release();
});

test("under random concurrent use, the cache keeps its limit and no file in use is missing", async () => {
  const { cache, names } = newCache(50);
  const work = async (worker: number) => {
    for (let i = 0; i < 200; i++) {
      const copy = await cache.acquire(`copy ${(i * (worker + 3)) % 17}`);
      await delay(i % 3);
      expect(await readFile(copy?.path ?? "")).toHaveLength(10);
      copy?.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
  await delay(50);
  expect((await names()).length).toBeLessThanOrEqual(5);
});
