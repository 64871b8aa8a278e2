import { setImmediate as nextTurn } from "node:timers/promises";
import { WakeUp } from "../../../src/platform/process/wake-up";

test("a wait ends at the latest after the given time", async () => {
  const start = performance.now();
  await new WakeUp().wait(10);
  expect(performance.now() - start).toBeGreaterThanOrEqual(9);
});

test("a wake-up ends the wait immediately", async () => {
  const work = new WakeUp();
  const waiting = work.wait(60_000);
  work.wakeUp();
  await waiting;
});

test("a wake-up before the wait is not lost", async () => {
  const work = new WakeUp();
  work.wakeUp();
  await work.wait(60_000);
});

test("several wake-ups before the wait count as one", async () => {
  const work = new WakeUp();
  work.wakeUp();
  work.wakeUp();
  await work.wait(60_000);

  let isOver = false;
  const waiting = work.wait(60_000).then(() => (isOver = true));
  await nextTurn();
  expect(isOver).toBe(false);
  work.wakeUp();
  await waiting;
});

test("a wake-up after a wait timed out ends the next wait", async () => {
  const work = new WakeUp();
  await work.wait(1);
  work.wakeUp();
  await work.wait(60_000);
});
