import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { OutputBuffer } from "../../../src/domain/run/execution/output-buffer";

/** A buffer after its immediate first write, and the texts that it writes from then on. */
async function startedBuffer(
  write: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<{ buffer: OutputBuffer; written: string[] }> {
  const written: string[] = [];
  let hasStarted = false;
  const buffer = new OutputBuffer((text) => {
    if (!hasStarted) return Promise.resolve((hasStarted = true));
    written.push(text);
    return write();
  });
  await buffer.add("Well, ");
  await nextTurn();
  return { written, buffer };
}

test("the first text is written at the end of the turn of the event loop, the next one is buffered", async () => {
  const written: string[] = [];
  const buffer = new OutputBuffer((text) => Promise.resolve(written.push(text) > 0));
  await buffer.add("");
  await buffer.add("The ");
  expect(written).toEqual([]);
  await nextTurn();
  expect(written).toEqual(["The "]);
  await buffer.add("barn ");
  await nextTurn();
  expect(written).toEqual(["The "]);
});

test("an output that ends within one turn is not written, but handed over with its first text as an event of its own", async () => {
  const written: string[] = [];
  const buffer = new OutputBuffer((text) => Promise.resolve(written.push(text) > 0));
  await buffer.add("The barn ");
  await buffer.add("is ");
  await buffer.add("red.\ud83d");
  expect(await buffer.close()).toEqual(["The barn ", "is red.\ufffd"]);
  await delay(60);
  expect(written).toEqual([]);
});

test("an output that ends later hands over what is not written yet", async () => {
  const { buffer, written } = await startedBuffer();
  await buffer.add("b".repeat(300));
  await buffer.add("the rest");
  expect(await buffer.close()).toEqual(["the rest"]);
  expect(await buffer.close()).toEqual([]);
  await delay(60);
  expect(written).toEqual(["b".repeat(300)]);
});

test("an output of which nothing more is to be written hands over nothing, and one that failed throws", async () => {
  const ended = new OutputBuffer(() => Promise.resolve(false));
  await ended.add("a");
  await nextTurn();
  await ended.add("b");
  expect(await ended.close()).toBeUndefined();

  const broken = new OutputBuffer(() => Promise.reject(new Error("no database")));
  await broken.add("a");
  await nextTurn();
  await expect(broken.close()).rejects.toThrow("no database");
});

test("texts within 30 ms are written together", async () => {
  const { buffer, written } = await startedBuffer();
  for (const word of ["The ", "barn ", "is "]) await buffer.add(word);
  expect(written).toEqual([]);
  await delay(60);
  expect(written).toEqual(["The barn is "]);
  await buffer.add("red.");
  await delay(60);
  expect(written).toEqual(["The barn is ", "red."]);
});

test("256 buffered characters are written immediately", async () => {
  const { buffer, written } = await startedBuffer();
  await buffer.add("a".repeat(255));
  expect(written).toEqual([]);
  await buffer.add("b");
  expect(written).toEqual([`${"a".repeat(255)}b`]);
  await buffer.add("c".repeat(1_000));
  expect(written[1]).toBe("c".repeat(1_000));
});

test("a text of more than 10,000 characters is written in parts", async () => {
  const { buffer, written } = await startedBuffer();
  await buffer.add("🐴".repeat(15_000));
  expect(written).toEqual(["🐴".repeat(10_000), "🐴".repeat(5_000)]);
});

test("flush writes the buffered text, and no text is written twice", async () => {
  const { buffer, written } = await startedBuffer();
  await buffer.add("a");
  expect(await buffer.flush()).toBe(true);
  expect(await buffer.flush()).toBe(true);
  await delay(60);
  expect(written).toEqual(["a"]);
});

test("a model that is faster than the writes has to wait, so little is buffered", async () => {
  const pending: (() => void)[] = [];
  const { buffer, written } = await startedBuffer(() => new Promise((resolve) => pending.push(() => resolve(true))));
  let added = 0;
  const adding = (async () => {
    for (; added < 100; added++) await buffer.add("x".repeat(200));
  })();
  await delay(100);
  expect(added).toBeLessThan(5);
  while (written.join("").length < 19_800) {
    pending.shift()?.();
    await delay(1);
  }
  const end = adding.then(() => buffer.flush());
  while (written.join("").length < 20_000) {
    pending.shift()?.();
    await delay(1);
  }
  pending.shift()?.();
  expect(await end).toBe(true);
});

test("a database that does not respond has few pending writes, however slow the model is", async () => {
  const { buffer, written } = await startedBuffer(() => new Promise(() => undefined));
  for (let i = 0; i < 15; i++) {
    await buffer.add("x");
    await delay(40);
  }
  // Writes run one after the other, so only the first has started.
  expect(written).toEqual(["x"]);
  expect((buffer as unknown as { pendingWrites: number }).pendingWrites).toBeLessThan(9);
});

test("add and flush return false once writing has ended, and throw once a write has failed", async () => {
  const { buffer: ended } = await startedBuffer(() => Promise.resolve(false));
  await ended.add("a");
  await delay(60);
  expect(await ended.add("b".repeat(300))).toBe(false);
  expect(await ended.flush()).toBe(false);

  const { buffer: broken, written } = await startedBuffer(() => Promise.reject(new Error("no database")));
  await broken.add("a");
  await delay(60);
  await expect(broken.add("b".repeat(300))).rejects.toThrow("no database");
  await expect(broken.flush()).rejects.toThrow("no database");
  expect(written).toEqual(["a"]);
});

test("the written parts make up the whole text, and no character is split, however the text arrives", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "馬", "🐴"), maxLength: 700 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(700), { maxLength: 8 }), async (whole, cuts) => {
      const { buffer, written } = await startedBuffer();
      const ends = [...cuts.filter((cut) => cut < whole.length).sort((one, other) => one - other), whole.length];
      let start = 0;
      for (const end of ends) {
        await buffer.add(whole.slice(start, end));
        start = end;
      }
      await buffer.flush();
      expect(written.join("")).toBe(whole);
      expect(written.every((part) => part.isWellFormed())).toBe(true);
    }),
  );
});

test("half of a surrogate pair without its other half is written as a replacement character", async () => {
  const { buffer, written } = await startedBuffer();
  await buffer.add("a\ud83d");
  await delay(60);
  expect(written).toEqual(["a"]);
  await buffer.flush();
  expect(written).toEqual(["a", "\ufffd"]);
});
