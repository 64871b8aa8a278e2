import { readFileSync } from "node:fs";

/** `/proc` counts in these ticks, whatever clock the kernel itself uses. Source: proc(5), `USER_HZ`. */
const ticksPerSecond = 100;

/**
 * Calls back once a process has used this much processor time from now on. The time that it waits for a processor, which on a
 * busy machine is most of it, does not count. Outside of Linux, all time counts.
 *
 * @returns ends the watch
 */
export function onProcessorTimeSpent(pid: number, maxSeconds: number, callback: () => void): () => void {
  const usedBefore = usedSecondsOf(pid);
  const check = () => {
    const used = usedSecondsOf(pid);
    const leftSeconds = usedBefore === undefined || used === undefined ? 0 : maxSeconds - (used - usedBefore);
    if (leftSeconds <= 0) callback();
    // It cannot be spent sooner, as the process has one busy thread.
    else timer = setTimeout(check, Math.ceil(leftSeconds * 1_000));
  };
  let timer = setTimeout(check, maxSeconds * 1_000);
  return () => clearTimeout(timer);
}

function usedSecondsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name stands in parentheses, and may contain spaces.
    const [userTicks, systemTicks] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14);
    return (Number(userTicks) + Number(systemTicks)) / ticksPerSecond;
  } catch {
    return undefined;
  }
}
