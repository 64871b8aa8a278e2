import { FairScheduler, type FairShare } from "../../../src/platform/process/fair-scheduler";

describe("the fair scheduler", () => {
  const concurrency = { total: 8, perApp: 4, perLane: 2 };
  const lanes = (appId: string, count: number): FairShare[] =>
    Array.from({ length: count }, (_, i) => ({ appId, lane: `${appId}${i}.example` }));
  const appsOf = (chosen: readonly FairShare[]) => chosen.map(({ appId }) => appId).join("");

  test("serves each app once before it serves one twice, the longest due first", () => {
    const scheduler = new FairScheduler({ ...concurrency, total: 16 });
    expect(appsOf(scheduler.next([...lanes("a", 5), ...lanes("b", 2), ...lanes("c", 1)], []))).toBe("abcabaa");
  });

  test("limits the work in total, per app and per lane", () => {
    const scheduler = new FairScheduler(concurrency);
    const [lane] = lanes("a", 1) as [FairShare];
    expect(scheduler.next([lane], [])).toEqual([lane]);
    expect(scheduler.next([lane], [lane])).toEqual([lane]);
    expect(scheduler.next([lane], [lane, lane])).toEqual([]);
    expect(scheduler.next(lanes("a", 10), [])).toHaveLength(4);
    const many = Array.from({ length: 10 }, (_, i) => lanes(`${i}`, 1)).flat();
    expect(scheduler.next(many, [])).toHaveLength(8);
    expect(scheduler.next(many, many.slice(0, 8))).toEqual([]);
  });

  test("gives an app at most half of the capacity that others leave, and each app a place while there is one", () => {
    const scheduler = new FairScheduler({ total: 8, perApp: 8, perLane: 2 });
    const busy: FairShare[] = [];
    for (const [appId, expected] of [
      ["a", "aaaa"],
      ["b", "bb"],
      ["c", "c"],
      ["d", "d"],
      ["e", ""],
    ] as const) {
      const chosen = scheduler.next(lanes(appId, 9), busy);
      expect(appsOf(chosen)).toBe(expected);
      busy.push(...chosen);
    }
    // As work of the first app finishes, the others catch up.
    busy.splice(0, 2);
    expect(appsOf(scheduler.next([...lanes("a", 9), ...lanes("e", 9), ...lanes("b", 9)], busy))).toBe("e");
  });

  test("serves each app in turn, however much work the others have due", () => {
    const scheduler = new FairScheduler({ total: 1, perApp: 1, perLane: 1 });
    const due = [...lanes("a", 1), ...lanes("b", 1), ...lanes("c", 1)];
    expect(Array.from({ length: 6 }, () => appsOf(scheduler.next(due, []))).join("")).toBe("abcabc");
  });

  test("work that found nothing else counts as served, and none starts without capacity", () => {
    const scheduler = new FairScheduler({ total: 1, perApp: 1, perLane: 1 });
    const [a, b] = [lanes("a", 1), lanes("b", 1)];
    expect(appsOf(scheduler.next(a, []))).toBe("a");
    expect(appsOf(scheduler.next([...a, ...b], []))).toBe("b");
    expect(scheduler.next(a, [], 0)).toEqual([]);
    expect(new FairScheduler({ total: 0, perApp: 0, perLane: 0 }).next(a, [])).toEqual([]);
  });

  test("serves each lane of an app in turn, however much work the other lanes have due", () => {
    const scheduler = new FairScheduler({ total: 1, perApp: 1, perLane: 1 });
    const due = lanes("a", 3);
    const chosen = Array.from({ length: 6 }, () => scheduler.next(due, [])[0]?.lane[1]).join("");
    expect(chosen).toBe("012012");
  });
});
