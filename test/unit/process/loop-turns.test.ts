import { LoopTurns } from "../../../src/platform/process/loop-turns";

const share = (appId: string, lane = "key") => ({ appId, lane });

/**
 * Starts all at once.
 *
 * @param work what each does in its turn
 * @returns who had a turn in each turn of the event loop
 */
async function turnsOf(
  turns: LoopTurns,
  shares: readonly ReturnType<typeof share>[],
  work: () => void = () => undefined,
): Promise<string[][]> {
  const perLoopTurn: string[][] = [[]];
  let isOver = false;
  const count = () => {
    if (isOver) return;
    perLoopTurn.push([]);
    setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(
    shares.map(async (each) => {
      await turns.next(each);
      work();
      perLoopTurn.at(-1)?.push(each.appId);
    }),
  );
  isOver = true;
  return perLoopTurn.filter(({ length }) => length > 0);
}

test("of callers that arrive at once, one begins in each turn of the event loop", async () => {
  const many = Array<ReturnType<typeof share>>(20).fill(share("a"));
  for (const each of await turnsOf(new LoopTurns(), many)) expect(each.length).toBe(1);
});

test("with a budget, callers begin in a turn of the event loop until it is spent", async () => {
  const clock = { nowMs: 0 };
  const turns = new LoopTurns(8, () => clock.nowMs);
  const many = Array<ReturnType<typeof share>>(12).fill(share("a"));
  const perTurn = await turnsOf(turns, many, () => (clock.nowMs += 3));
  expect(perTurn.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
});

test("a burst of one app does not delay another", async () => {
  const order = (
    await turnsOf(new LoopTurns(), [...Array<ReturnType<typeof share>>(50).fill(share("a")), share("b")])
  ).flat();
  expect(order.indexOf("b")).toBeLessThan(5);
});

test("more callers than can wait are refused with LIMIT_REACHED, and the others get their turns", async () => {
  const turns = new LoopTurns();
  const results = await Promise.allSettled(Array.from({ length: 6_000 }, () => turns.next(share("a"))));
  const refused = results.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThan(900);
  expect(refused[0]).toMatchObject({
    reason: { extensions: { code: "LIMIT_REACHED", limit: "waitingOperations", of: "API_KEY" } },
  });
});
