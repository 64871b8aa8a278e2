import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { onProcessorTimeSpent } from "../../../src/retrieval/processor-time";

const maxSeconds = 0.3;

/** Uses all processor time that it gets. */
const busyProcess = () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });

test("the limit of processor time is reported for a process that uses it up", async () => {
  const child = busyProcess();
  const pid = child.pid as number;

  await new Promise<void>((resolve) => onProcessorTimeSpent(pid, maxSeconds, resolve));

  expect(child.kill("SIGKILL")).toBe(true);
});

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux("time in which a process gets no processor does not count", async () => {
  const child = busyProcess();
  const pid = child.pid as number;
  await once(child, "spawn");
  child.kill("SIGSTOP");

  let isSpent = false;
  const unwatch = onProcessorTimeSpent(pid, maxSeconds, () => (isSpent = true));
  await sleep(3 * maxSeconds * 1_000);

  expect(isSpent).toBe(false);
  unwatch();
  child.kill("SIGKILL");
});
