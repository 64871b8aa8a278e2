import { SharedLimit } from "../../../src/platform/process/shared-limit";

const uploads = { name: "uploads", noun: "uploads", remedy: "Try again later." };
const share = (appId: string, lane: string) => ({ appId, lane });
const administrator = share("", "ADMIN");

function takeAll(limit: SharedLimit, holder: ReturnType<typeof share>): number {
  for (let taken = 0; ; taken++) {
    try {
      limit.take(holder);
    } catch {
      return taken;
    }
  }
}

test("a key takes a quarter, its app half, all keys nine tenths, and administrators the rest", () => {
  const limit = new SharedLimit(uploads, 100);
  expect(takeAll(limit, share("a", "1"))).toBe(25);
  expect(takeAll(limit, share("a", "2"))).toBe(25);
  expect(takeAll(limit, share("a", "3"))).toBe(0);
  expect(takeAll(limit, share("b", "1"))).toBe(25);
  expect(takeAll(limit, share("b", "2"))).toBe(15);
  expect(takeAll(limit, share("c", "1"))).toBe(0);
  expect(takeAll(limit, administrator)).toBe(10);
});

test("a share that is released, also twice, can be taken again once", () => {
  const limit = new SharedLimit(uploads, 4);
  const release = limit.take(share("a", "1"));
  expect(() => limit.take(share("a", "1"))).toThrow();
  release();
  release();
  limit.take(share("a", "1"));
  expect(() => limit.take(share("a", "1"))).toThrow();
});

test("amounts such as bytes count, and what is refused takes nothing", () => {
  const limit = new SharedLimit(uploads, 1_000);
  limit.take(share("a", "1"), 200);
  expect(() => limit.take(share("a", "1"), 51)).toThrow();
  limit.take(share("a", "1"), 50);
});

test.each([
  ["a key", 100, [share("a", "1")], { of: "API_KEY", allowed: 25, used: 25 }],
  ["an app", 100, [share("a", "1"), share("a", "2")], { of: "APP", allowed: 50, used: 50 }],
  ["the server", 1, [], { of: "SERVER", allowed: 1, used: 1 }],
])(
  "what is refused for %s says what is limited, how much is allowed and how much is used",
  (_, max, holders, expected) => {
    const limit = new SharedLimit(uploads, max);
    for (const holder of holders) takeAll(limit, holder);
    if (holders.length === 0) limit.take(share("other", "9"));
    const last = holders.at(-1) ?? share("b", "1");
    const refused = () => limit.take(expected.of === "APP" ? share("a", "3") : last);
    expect(refused).toThrow(
      expect.objectContaining({
        code: "LIMIT_REACHED",
        message: expect.stringMatching(new RegExp(`at most ${expected.allowed} uploads at a time.*Try again later`)),
        extensions: { code: "LIMIT_REACHED", limit: "uploads", ...expected, max: expected.allowed, availableAt: null },
      }),
    );
  },
);

test("an app with a narrower limit of its own has no more than that, and a wider one gives it no more", () => {
  const limit = new SharedLimit(uploads, 100);
  const holder = (lane: string) => ({ appId: "a", lane });
  for (let i = 0; i < 3; i++) limit.take(holder("1"), 1, 3);
  expect(() => limit.take(holder("2"), 1, 3)).toThrow(
    expect.objectContaining({ extensions: expect.objectContaining({ of: "APP", max: 3, used: 3 }) as unknown }),
  );
  for (let i = 0; i < 47; i++) limit.take(holder(String(i)), 1, 1_000);
  expect(() => limit.take(holder("x"), 1, 1_000)).toThrow();
});
