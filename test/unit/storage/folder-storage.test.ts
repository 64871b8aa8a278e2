import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { FolderStorage } from "../../../src/platform/storage/folder-storage";

let folder: string;
let storage: FolderStorage;
const id = randomUUID();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-folder-"));
  storage = new FolderStorage(folder);
  await storage.open();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function listedIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const file of storage.list()) ids.push(file.id);
  return ids;
}

test("staged content is listed before it is kept, so that the sweep can delete it after a crash", async () => {
  const staged = await storage.stage(id, Readable.from([Buffer.from("The barn "), Buffer.from("is red.")]));
  expect(await readFile(staged.path, "utf8")).toBe("The barn is red.");
  expect(staged.size).toBe(16);
  expect(await listedIds()).toEqual([id]);
  await storage.remove([id]);
  expect(await readdir(folder)).toEqual([]);
});

test("kept content is read back under its id", async () => {
  const staged = await storage.stage(id, Readable.from([Buffer.from("The barn is red.")]));
  await staged.keep();
  const content = await storage.read(id);
  expect(await content?.toArray()).toEqual([Buffer.from("The barn is red.")]);
});

test("discarded content leaves no file", async () => {
  const staged = await storage.stage(id, Readable.from([Buffer.from("The barn is red.")]));
  await staged.discard();
  expect(await readdir(folder)).toEqual([]);
});

test("content whose stream fails leaves no file", async () => {
  const failing = Readable.from(
    (function* () {
      yield Buffer.from("The barn");
      throw new Error("the client is gone");
    })(),
  );
  await expect(storage.stage(id, failing)).rejects.toThrow("the client is gone");
  expect(await readdir(folder)).toEqual([]);
});
