import { setImmediate as nextTurn } from "node:timers/promises";
import { LoadShedder } from "../../../src/platform/inbound/load-shedder";

/** A process whose turns take the given time, by a clock that the test moves. */
class Process {
  now = 0;
  readonly logged: string[] = [];
  readonly shedder = new LoadShedder(
    { warn: (message: unknown) => void this.logged.push(String(message)) },
    () => this.now,
  );

  /** One turn with requests that take a time each. @returns how many of them are taken */
  async turn(requests: number, eachMs: number): Promise<number> {
    let taken = 0;
    for (let i = 0; i < requests; i++) {
      try {
        this.shedder.admit();
        taken++;
        this.now += eachMs;
      } catch (error) {
        expect(error).toMatchObject({ extensions: { code: "UNAVAILABLE", retryAfterMs: 1_000 } });
      }
    }
    await nextTurn();
    await nextTurn();
    return taken;
  }

  /** @returns how many requests of the last turn are taken */
  async turns(count: number, requests: number, eachMs: number): Promise<number> {
    let taken = 0;
    for (let i = 0; i < count; i++) taken = await this.turn(requests, eachMs);
    return taken;
  }
}

test("a burst is taken, however many requests it has", async () => {
  const process = new Process();
  expect(await process.turn(3_000, 1)).toBe(3_000);
  process.now += 500;
  expect(await process.turns(9, 100, 1)).toBe(100);
  expect(process.logged).toEqual([]);
});

test("what lasts longer than a burst is refused beyond the time that a turn may take, until the load is less", async () => {
  const process = new Process();
  await process.turns(12, 100, 1);
  expect(await process.turns(50, 100, 1)).toBe(31);
  expect(process.logged).toHaveLength(1);
  for (let i = 0; i < 40; i++) {
    expect(await process.turn(20, 1)).toBe(20);
    process.now += 10;
  }
  expect(process.logged).toHaveLength(2);
  expect(await process.turn(200, 1)).toBe(200);
});

test("pauses between long turns are no overload", async () => {
  const process = new Process();
  for (let i = 0; i < 30; i++) {
    expect(await process.turn(100, 1)).toBe(100);
    process.now += 50;
  }
  expect(process.logged).toEqual([]);
});

test("a database that is behind with credentials is overload too", async () => {
  const process = new Process();
  const release: (() => void)[] = [];
  const pending = Array.from({ length: 100 }, () =>
    process.shedder.verify(() => new Promise<void>((resolve) => release.push(resolve))),
  );
  for (let i = 0; i < 30; i++) {
    await process.turn(1, 0);
    process.now += 50;
  }
  expect(await process.turn(5, 0)).toBe(0);
  for (const each of release) each();
  await Promise.all(pending);
  expect(await process.turn(5, 0)).toBe(5);
});

test("an overloaded process takes so many at once as are answered soon", async () => {
  const process = new Process();
  await process.turns(12, 100, 1);
  const ends: (() => void)[] = [];
  while (process.shedder.admits()) ends.push(process.shedder.wait());
  expect(ends).toHaveLength(32);
  ends[0]?.();
  expect(await process.turn(2, 0)).toBe(2);
});

test("credentials that wait for long are overload too, however few wait", async () => {
  const process = new Process();
  const end = process.shedder.wait();
  for (let i = 0; i < 14; i++) {
    expect(await process.turn(1, 0)).toBe(1);
    process.now += 50;
  }
  for (let i = 0; i < 30; i++) {
    await process.turn(1, 0);
    process.now += 50;
  }
  expect(await process.turn(5, 0)).toBe(0);
  end();
  end();
  expect(await process.turn(5, 0)).toBe(5);
});
