import { retryAt } from "../../../src/domain/callback/retry-schedule";
import { productionTimings } from "../../../src/timings";

const { callbacks } = productionTimings;
const { retryWindowMs } = callbacks;
import { newCallbackSecret, signedHeaders } from "../../../src/domain/callback/signing";
import { Webhook } from "standardwebhooks";

const begunAt = new Date("2026-01-01T00:00:00.000Z");
const randoms = [0, 0.25, 0.5, 0.75, 0.999];

test("a failed delivery is retried with growing delays and a jitter of 10 % for 24 hours", () => {
  for (const random of randoms) {
    const delays: number[] = [];
    let now = begunAt;
    for (let failures = 1; ; failures++) {
      const at = retryAt(callbacks, failures, begunAt, now, () => random);
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

test("a delivery that fails after the retry window is not retried", () => {
  const now = new Date(begunAt.getTime() + retryWindowMs + 1);
  expect(retryAt(callbacks, 1, begunAt, now)).toBeUndefined();
});

test("deliveries that failed together are retried at different times", () => {
  const times = randoms.map((random) => retryAt(callbacks, 1, begunAt, begunAt, () => random)?.getTime());
  expect(new Set(times).size).toBe(5);
});

test("a body is signed with each secret, and no other secret, body or header verifies", () => {
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
