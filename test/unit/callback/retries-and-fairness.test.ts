import { retryAt } from "../../../src/domain/callback/retry-schedule";
import { productionTimings } from "../../../src/timings";

const { callbacks } = productionTimings;
const { retryWindowMs } = callbacks;
import { newCallbackSecret, signedHeaders } from "../../../src/domain/callback/signing";
import { type DeliveryLane, FairScheduler } from "../../../src/domain/callback/fair-scheduler";
import { Webhook } from "standardwebhooks";

const begunAt = new Date("2026-01-01T00:00:00.000Z");
const chances = [0, 0.25, 0.5, 0.75, 0.999];

test("what fails is tried again after longer and longer times, give or take a tenth, for 24 hours", () => {
  for (const chance of chances) {
    const delays: number[] = [];
    let now = begunAt;
    for (let failures = 1; ; failures++) {
      const at = retryAt(callbacks, failures, begunAt, now, () => chance);
      if (!at) break;
      delays.push((at.getTime() - now.getTime()) / 1_000);
      now = at;
    }
    const expected = [5, 30, 120, 600, 3_600, 7_200, ...Array<number>(delays.length - 6).fill(14_400)];
    expect(delays.map((delay, i) => Math.abs(delay / (expected[i] ?? 0) - 1) < 0.101)).toEqual(delays.map(() => true));
    const hours = (now.getTime() - begunAt.getTime()) / 3_600_000;
    expect(hours).toBeGreaterThan(19);
    expect(hours).toBeLessThanOrEqual(24);
  }
});

test("what is overdue since the server was away is tried once more, and then given up", () => {
  const now = new Date(begunAt.getTime() + retryWindowMs + 1);
  expect(retryAt(callbacks, 1, begunAt, now)).toBeUndefined();
});

test("by chance, things that failed together come back apart", () => {
  expect(new Set(chances.map((chance) => retryAt(callbacks, 1, begunAt, begunAt, () => chance)?.getTime())).size).toBe(
    5,
  );
});

test("a message is signed with each secret, and nothing else verifies", () => {
  const secrets = [newCallbackSecret(), newCallbackSecret()] as const;
  expect(secrets[0]).not.toBe(secrets[1]);
  const [at, body] = [new Date(), `{"a": "ü"}`];
  const headers = signedHeaders("id", at, body, secrets);
  expect(headers).toEqual({
    "webhook-id": "id",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": expect.stringMatching(/^v1,[0-9A-Za-z+/]{43}= v1,[0-9A-Za-z+/]{43}=$/),
  });
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual({ a: "ü" });
  for (const faulty of [
    { ...headers, "webhook-id": "other" },
    { ...headers, "webhook-timestamp": "1" },
  ]) {
    expect(() => new Webhook(secrets[0]).verify(body, faulty)).toThrow();
  }
  expect(() => new Webhook(secrets[0]).verify(`${body} `, headers)).toThrow();
  expect(() => new Webhook(newCallbackSecret()).verify(body, headers)).toThrow();
});

describe("turns", () => {
  const bounds = { inAll: 8, perApp: 4, perLane: 2 };
  const lanes = (appId: string, count: number): DeliveryLane[] =>
    Array.from({ length: count }, (_, i) => ({ appId, host: `${appId}${i}.example` }));
  const appsOf = (chosen: readonly DeliveryLane[]) => chosen.map(({ appId }) => appId).join("");

  test("go to each app before they go to one twice, to the longest waiting first", () => {
    const turns = new FairScheduler({ ...bounds, inAll: 16 });
    expect(appsOf(turns.next([...lanes("a", 5), ...lanes("b", 2), ...lanes("c", 1)], []))).toBe("abcabaa");
  });

  test("are bounded in all, for an app and for a host", () => {
    const turns = new FairScheduler(bounds);
    const [lane] = lanes("a", 1) as [DeliveryLane];
    expect(turns.next([lane], [])).toEqual([lane]);
    expect(turns.next([lane], [lane])).toEqual([lane]);
    expect(turns.next([lane], [lane, lane])).toEqual([]);
    expect(turns.next(lanes("a", 10), [])).toHaveLength(4);
    const many = Array.from({ length: 10 }, (_, i) => lanes(`${i}`, 1)).flat();
    expect(turns.next(many, [])).toHaveLength(8);
    expect(turns.next(many, many.slice(0, 8))).toEqual([]);
  });

  test("leave half of the places to apps that have nothing under way", () => {
    const turns = new FairScheduler(bounds);
    const busy = [...lanes("a", 2), ...lanes("b", 2)];
    expect(appsOf(turns.next([...lanes("a", 9), ...lanes("c", 9)], busy))).toBe("c");
  });

  test("come round, however long the others' lists are", () => {
    const turns = new FairScheduler({ inAll: 1, perApp: 1, perLane: 1 });
    const due = [...lanes("a", 1), ...lanes("b", 1), ...lanes("c", 1)];
    expect(Array.from({ length: 6 }, () => appsOf(turns.next(due, []))).join("")).toBe("abcabc");
  });
});
