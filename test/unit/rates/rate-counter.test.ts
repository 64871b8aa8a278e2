import type { Redis } from "ioredis";
import { RateCounter } from "../../../src/platform/rates/rate-counter";

/** A Redis that answers as a function says, and counts how often it was asked. */
class FakeRedis {
  status = "ready";
  asked = 0;

  constructor(private readonly answer: () => Promise<unknown>) {}

  defineCommand(): void {
    // The script is called by name below.
  }

  rlflxIncr(): Promise<unknown> {
    this.asked++;
    return this.answer();
  }
}

const counterOn = (redis: FakeRedis) => new RateCounter("test", redis as unknown as Redis);

test("points are added up within a window", async () => {
  const counter = new RateCounter("test");
  await counter.use("one", 3, 60);
  await counter.use("other", 5, 60);
  const { points, resetMs } = await counter.use("one", 2, 60);
  expect(points).toBe(5);
  expect(resetMs).toBeGreaterThan(50_000);
  expect(resetMs).toBeLessThanOrEqual(60_000);
});

test("instances count together in Redis", async () => {
  const redis = new FakeRedis(() => Promise.resolve([41, 1_500]));
  expect(await counterOn(redis).use("key", 1, 60)).toEqual({ points: 41, resetMs: 1_500 });
});

test("a Redis that does not answer holds up one call, and its memory counts for the calls after it", async () => {
  const redis = new FakeRedis(
    () => new Promise((_, reject) => setTimeout(() => reject(new Error("Command timed out")), 100)),
  );
  const counter = counterOn(redis);
  const used = [];
  for (let i = 0; i < 50; i++) used.push((await counter.use("key", 1, 60)).points);
  expect(used).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  expect(redis.asked).toBe(1);
});

test("a Redis that is not connected is not asked", async () => {
  const redis = new FakeRedis(() => Promise.resolve([1, 1]));
  redis.status = "reconnecting";
  expect((await counterOn(redis).use("key", 7, 60)).points).toBe(7);
  expect(redis.asked).toBe(0);
});

test("what was counted before Redis went away still counts", async () => {
  let isAway = false;
  let shared = 0;
  const redis = new FakeRedis(() =>
    isAway ? Promise.reject(new Error("Command timed out")) : Promise.resolve([++shared, 30_000]),
  );
  const counter = counterOn(redis);
  for (let i = 0; i < 3; i++) await counter.use("key", 1, 60);
  isAway = true;
  expect((await counter.use("key", 1, 60)).points).toBe(4);
  expect((await counter.use("key", 1, 60)).points).toBe(5);
});
