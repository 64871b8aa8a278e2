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

/** Copies of ten bytes each, with a list of which were made. */
function copiesOf(
  maxBytes: number,
  fill = async (name: string, path: string): Promise<number | undefined> => {
    await writeFile(path, name.padEnd(10));
    return 10;
  },
) {
  const made: string[] = [];
  const copies = new LocalCache(folder, maxBytes, (name, path) => {
    made.push(name);
    return fill(name, path);
  });
  /** Borrows a copy and gives it back at once. */
  const use = async (name: string) => {
    const copy = await copies.acquire(name);
    copy?.release();
    return copy !== undefined;
  };
  const names = async () => (await readdir(folder)).map((file) => file.replace(/\.\d+$/, "")).sort();
  return { copies, made, use, names };
}

test("a copy is made once, however many ask for it at once", async () => {
  const { copies, made } = copiesOf(100);
  const borrowed = await Promise.all(Array.from({ length: 20 }, () => copies.acquire("a")));
  expect(made).toEqual(["a"]);
  expect(new Set(borrowed.map((copy) => copy?.path)).size).toBe(1);
  expect(await readFile(borrowed[0]?.path ?? "", "utf8")).toBe("a         ");
});

test("what was used longest ago goes first, and is made anew when it is asked for again", async () => {
  const { made, use, names } = copiesOf(30);
  for (const name of ["a", "b", "c", "a", "d"]) await use(name);
  await delay(50);
  expect(await names()).toEqual(["a", "c", "d"]);
  await use("b");
  expect(made).toEqual(["a", "b", "c", "d", "b"]);
});

test("what is being used stays, whatever it takes, and goes when it is given back", async () => {
  const { copies, use, names } = copiesOf(20);
  const borrowed = await Promise.all(["a", "b", "c", "d"].map((name) => copies.acquire(name)));
  await use("e");
  await delay(50);
  expect((await names()).slice(0, 4)).toEqual(["a", "b", "c", "d"]);
  for (const copy of borrowed) expect(await readFile(copy?.path ?? "")).toHaveLength(10);

  for (const copy of borrowed) copy?.release();
  // To give something back twice is to give it back.
  borrowed[0]?.release();
  await delay(50);
  expect(await names()).toHaveLength(2);
});

test("a copy that fails or has nothing to be made of leaves no file, and is tried again", async () => {
  let outcome: () => number | undefined = () => {
    throw new Error("broken off");
  };
  const { made, use, names } = copiesOf(100, async (_, path) => {
    await writeFile(path, "half");
    return outcome();
  });
  await expect(use("a")).rejects.toThrow("broken off");
  expect(await names()).toEqual([]);
  outcome = () => undefined;
  expect(await use("a")).toBe(false);
  expect(await names()).toEqual([]);
  outcome = () => 4;
  expect(await use("a")).toBe(true);
  expect(made).toEqual(["a", "a", "a"]);
});

test("what is dropped while it is copied or used leaves no file", async () => {
  let finish: () => void = () => undefined;
  const { copies, use, names } = copiesOf(100, async (_, path) => {
    await new Promise<void>((resolve) => (finish = resolve));
    await writeFile(path, "late");
    return 4;
  });
  const late = use("a");
  await copies.evict(["a", "unknown"]);
  finish();
  expect(await late).toBe(false);
  expect(await names()).toEqual([]);

  await copies.add("b", copies.newPath("b"), 10);
  const borrowed = await copies.acquire("b");
  await copies.evict(["b"]);
  borrowed?.release();
  expect(await names()).toEqual([]);
});

test("what nobody has used for long is removed, and what is being used is not", async () => {
  const { copies, use, names } = copiesOf(100);
  await use("a");
  const borrowed = await copies.acquire("b");
  await copies.evictUnused(Date.now() - 60_000);
  expect(await names()).toEqual(["a", "b"]);
  await copies.evictUnused(Date.now() + 1);
  expect(await names()).toEqual(["b"]);
  borrowed?.release();
});

test("at random, no more is kept than is allowed or used, and nothing that is used is missing", async () => {
  const { copies, names } = copiesOf(50);
  const work = async (worker: number) => {
    for (let i = 0; i < 200; i++) {
      const copy = await copies.acquire(`copy ${(i * (worker + 3)) % 17}`);
      await delay(i % 3);
      expect(await readFile(copy?.path ?? "")).toHaveLength(10);
      copy?.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
  await delay(50);
  expect((await names()).length).toBeLessThanOrEqual(5);
});
