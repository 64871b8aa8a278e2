import { productionTimings } from "../../../src/timings";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RunNotifier } from "../../../src/domain/run/execution/run-notifier";

const pollIntervalMs = 1_000;

test("a notification since the last call, a close and the stop end a wait immediately, otherwise it ends after the polling interval", async () => {
  const stopping = new AbortController();
  const notifier = new RunNotifier(stopping.signal, productionTimings.runs);
  const [watch, closed, other] = [notifier.watch("run"), notifier.watch("silent"), notifier.watch("other")];
  const start = Date.now();

  notifier.publish("run");
  await watch.changed();
  const later = watch.changed();
  notifier.publish("run");
  await later;
  const closing = closed.changed();
  closed.close();
  await closing;
  const waits = [watch.changed(), other.changed()];
  stopping.abort();
  await Promise.all(waits);
  expect(Date.now() - start).toBeLessThan(pollIntervalMs / 2);

  await other.changed(50);
  expect(Date.now() - start).toBeGreaterThanOrEqual(45);
  await other.changed();
  expect(Date.now() - start).toBeGreaterThanOrEqual(pollIntervalMs);
});

test("waiting leaks no memory, however long the server runs", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const notifier = new RunNotifier(new AbortController().signal, productionTimings.runs);
  const wait = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const watch = notifier.watch(`${i}`);
      const changed = watch.changed();
      notifier.publish(`${i}`);
      await changed;
      watch.close();
    }
    // An awaited object can be collected only after another turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await wait(1_000);
  const after = await wait(50_000);
  expect(after - before).toBeLessThan(2_000_000);
});
