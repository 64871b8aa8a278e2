import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { OutputBuffer } from "../../../src/domain/run/execution/output-buffer";

/** What is written, and a speech that has begun and writes it as fast as `write` lets it. */
async function speech(
  write: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<{ speech: OutputBuffer; written: string[] }> {
  const written: string[] = [];
  let hasBegun = false;
  const said = new OutputBuffer((text) => {
    if (!hasBegun) return Promise.resolve((hasBegun = true));
    written.push(text);
    return write();
  });
  await said.add("Well, ");
  return { written, speech: said };
}

test("how it begins is written at once", async () => {
  const written: string[] = [];
  const said = new OutputBuffer((text) => Promise.resolve(written.push(text) > 0));
  await said.add("");
  await said.add("The ");
  expect(written).toEqual(["The "]);
  await said.add("barn ");
  expect(written).toEqual(["The "]);
});

test("what is said within 30 ms is written together", async () => {
  const { speech: said, written } = await speech();
  for (const word of ["The ", "barn ", "is "]) await said.add(word);
  expect(written).toEqual([]);
  await delay(60);
  expect(written).toEqual(["The barn is "]);
  await said.add("red.");
  await delay(60);
  expect(written).toEqual(["The barn is ", "red."]);
});

test("256 characters are written at once", async () => {
  const { speech: said, written } = await speech();
  await said.add("a".repeat(255));
  expect(written).toEqual([]);
  await said.add("b");
  expect(written).toEqual([`${"a".repeat(255)}b`]);
  await said.add("c".repeat(1_000));
  expect(written[1]).toBe("c".repeat(1_000));
});

test("a very long piece is written as several", async () => {
  const { speech: said, written } = await speech();
  await said.add("🐴".repeat(15_000));
  expect(written).toEqual(["🐴".repeat(10_000), "🐴".repeat(5_000)]);
});

test("what is left is written when asked, and nothing twice", async () => {
  const { speech: said, written } = await speech();
  await said.add("a");
  expect(await said.flush()).toBe(true);
  expect(await said.flush()).toBe(true);
  await delay(60);
  expect(written).toEqual(["a"]);
});

test("who says more than is written waits, and little is kept meanwhile", async () => {
  const waiting: (() => void)[] = [];
  const { speech: said, written } = await speech(() => new Promise((resolve) => waiting.push(() => resolve(true))));
  let added = 0;
  const adding = (async () => {
    for (; added < 100; added++) await said.add("x".repeat(200));
  })();
  await delay(100);
  expect(added).toBeLessThan(5);
  while (written.join("").length < 19_800) {
    waiting.shift()?.();
    await delay(1);
  }
  const end = adding.then(() => said.flush());
  while (written.join("").length < 20_000) {
    waiting.shift()?.();
    await delay(1);
  }
  waiting.shift()?.();
  expect(await end).toBe(true);
});

test("a database that stands still has few writes before it, however slowly a model speaks", async () => {
  const { speech: said, written } = await speech(() => new Promise(() => undefined));
  for (let i = 0; i < 15; i++) {
    await said.add("x");
    await delay(40);
  }
  // The writes stand in a row, so that one is under way.
  expect(written).toEqual(["x"]);
  expect((said as unknown as { pendingWrites: number }).pendingWrites).toBeLessThan(9);
});

test("once there is nothing to write to any more, who says something is told, and so is who fails", async () => {
  const { speech: over } = await speech(() => Promise.resolve(false));
  await over.add("a");
  await delay(60);
  expect(await over.add("b".repeat(300))).toBe(false);
  expect(await over.flush()).toBe(false);

  const { speech: broken, written } = await speech(() => Promise.reject(new Error("no database")));
  await broken.add("a");
  await delay(60);
  await expect(broken.add("b".repeat(300))).rejects.toThrow("no database");
  await expect(broken.flush()).rejects.toThrow("no database");
  expect(written).toEqual(["a"]);
});

test("whatever the pieces, together they are what was said, and no character is split", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "馬", "🐴"), maxLength: 700 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(700), { maxLength: 8 }), async (whole, cuts) => {
      const { speech: said, written } = await speech();
      const ends = [...cuts.filter((cut) => cut < whole.length).sort((one, other) => one - other), whole.length];
      let start = 0;
      for (const end of ends) {
        await said.add(whole.slice(start, end));
        start = end;
      }
      await said.flush();
      expect(written.join("")).toBe(whole);
      expect(written.every((piece) => piece.isWellFormed())).toBe(true);
    }),
  );
});

test("half a character that gets no other half is written as what can be kept", async () => {
  const { speech: said, written } = await speech();
  await said.add("a\ud83d");
  await delay(60);
  expect(written).toEqual(["a"]);
  await said.flush();
  expect(written).toEqual(["a", "\ufffd"]);
});
