import { productionTimings } from "../../../src/timings";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RunNotifier } from "../../../src/domain/run/execution/run-notifier";

/** Long enough to see that nobody waited for the time to be over. */
const lookAgain = 1_000;

test("who watches hears of news since the last look, of a close and of the stop at once, and else looks by itself", async () => {
  const stopping = new AbortController();
  const news = new RunNotifier(stopping.signal, productionTimings.runs);
  const [watch, closed, other] = [news.watch("run"), news.watch("silent"), news.watch("other")];
  const start = Date.now();

  news.publish("run");
  await watch.changed();
  const later = watch.changed();
  news.publish("run");
  await later;
  const closing = closed.changed();
  closed.close();
  await closing;
  const waits = [watch.changed(), other.changed()];
  stopping.abort();
  await Promise.all(waits);
  expect(Date.now() - start).toBeLessThan(lookAgain / 2);

  await other.changed(50);
  expect(Date.now() - start).toBeGreaterThanOrEqual(45);
  await other.changed();
  expect(Date.now() - start).toBeGreaterThanOrEqual(lookAgain);
});

test("waiting leaves nothing behind, however long the server lives", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const news = new RunNotifier(new AbortController().signal, productionTimings.runs);
  const wait = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const watch = news.watch(`${i}`);
      const changed = watch.changed();
      news.publish(`${i}`);
      await changed;
      watch.close();
    }
    // A turn of the event loop, after which what was waited for can be let go.
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await wait(1_000);
  const after = await wait(50_000);
  expect(after - before).toBeLessThan(2_000_000);
});
