import { setImmediate as nextTurn } from "node:timers/promises";
import { ResponseBudget } from "../../../src/platform/process/response-budget";

test("fields beyond a turn wait, in the order of arrival, and other work comes between", async () => {
  const budget = new ResponseBudget(1_000);
  const order: string[] = [];
  expect(budget.turnFor(6_000)).toBeUndefined();
  const waiting = ["a", "b", "c"].map(async (name) => {
    await budget.turnFor(3_001);
    order.push(name);
  });
  await nextTurn();
  expect(order).toEqual(["a", "b"]);
  await nextTurn();
  expect(order).toEqual(["a", "b", "c"]);
  await Promise.all(waiting);
});

test("the turns of two operations come one at a time", async () => {
  const order: string[] = [];
  for (const name of ["a", "b"]) {
    const budget = new ResponseBudget(1_000);
    void budget.turnFor(6_000);
    for (const part of [1, 2]) void budget.turnFor(6_000)?.then(() => order.push(name + String(part)));
  }
  await nextTurn();
  expect(order).toEqual(["a1"]);
  for (let i = 0; i < 4; i++) await nextTurn();
  expect(order).toEqual(["a1", "b1", "a2", "b2"]);
});

test("a budget is exceeded only beyond its maximum, and starts again for the next result", () => {
  const budget = new ResponseBudget(10);
  budget.add(10);
  expect(budget.isExceeded).toBe(false);
  budget.add(1);
  expect(budget.isExceeded).toBe(true);
  budget.reset();
  expect([budget.isExceeded, budget.usedBytes]).toEqual([false, 0]);
});
