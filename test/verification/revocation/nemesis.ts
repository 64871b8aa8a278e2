import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import { expectShiftedClock, faketime, removeSharedMemory } from "./faketime";
import type { Instance } from "./instance";
import type { Testbed } from "./testbed";

export interface NemesisContext {
  readonly testbed: Testbed;
  readonly random: Random;
  /** A process stays suspended for this time. */
  readonly suspensionMs: number;
  /** The average time between two injections of the same fault. */
  readonly intervalMs: number;
}

/** Stops injecting, and heals everything. */
type Stop = () => Promise<void>;

/** Injects one kind of fault. */
export interface Nemesis {
  readonly fault: string;
  /** Resolves once the fault is in effect, or is being injected repeatedly. */
  start(context: NemesisContext): Promise<Stop>;
}

/** Injects a short fault repeatedly, each time into a random instance. */
const repeated =
  (inject: (context: NemesisContext, instance: Instance) => Promise<void>) =>
  (context: NemesisContext): Promise<Stop> => {
    const { random, intervalMs, testbed } = context;
    return repeat(async (stopped) => {
      await delayUnlessAborted(stopped, random.integer(intervalMs / 2, intervalMs * 1.5));
      await inject(context, random.of(testbed.instances));
    });
  };

/** Injects one fault that lasts until the nemesis is stopped. */
const permanent =
  (start: (context: NemesisContext, instance: Instance) => Promise<Stop>) =>
  (context: NemesisContext): Promise<Stop> =>
    start(context, context.random.of(context.testbed.instances));

async function repeat(work: (stopped: AbortSignal) => Promise<void>): Promise<Stop> {
  const controller = new AbortController();
  const loop = async () => {
    do await work(controller.signal);
    while (!controller.signal.aborted);
  };
  const running = loop();
  // A failure is reported by the stop function.
  running.catch(() => undefined);
  return () => {
    controller.abort();
    return running;
  };
}

const single: readonly Nemesis[] = [
  {
    fault: "Redis down",
    start: permanent(async ({ testbed: { cluster } }) => {
      await cluster.redis.stop();
      return () => cluster.redis.start();
    }),
  },
  {
    fault: "Redis restarted",
    start: repeated(async ({ testbed: { cluster } }) => {
      await cluster.redis.stop();
      await cluster.redis.start();
    }),
  },
  {
    fault: "Redis flushed",
    start: repeated(async ({ testbed: { cluster } }) => {
      await cluster.redis.ask((redis) => redis.flushall());
    }),
  },
  {
    fault: "Redis suspended (SIGSTOP)",
    start: repeated(async ({ testbed: { cluster }, suspensionMs }) => {
      cluster.redis.hang();
      await delay(suspensionMs);
      cluster.redis.wake();
    }),
  },
  {
    fault: "Redis half-open to one instance",
    start: permanent(async (_, { redis }) => {
      await redis.hang();
      return () => redis.mend();
    }),
  },
  {
    fault: "one instance suspended (SIGSTOP)",
    start: repeated(async ({ suspensionMs }, instance) => {
      instance.suspend();
      await delay(suspensionMs);
      instance.resume();
    }),
  },
  {
    fault: "database slow for one instance (500 ms)",
    start: permanent(async (_, instance) => {
      await instance.slowDatabase(500);
      return () => instance.healDatabase();
    }),
  },
  {
    fault: "database disconnected from one instance",
    start: repeated(async ({ random, suspensionMs }, instance) => {
      await instance.disconnectDatabase();
      await delay(random.integer(0, suspensionMs / 2));
      await instance.healDatabase();
    }),
  },
  { fault: "one instance killed and restarted", start: repeated((_, instance) => instance.restart()) },
  {
    fault: "clock of one instance shifted by a year",
    start: permanent(async ({ random }, instance) => {
      await instance.restart(faketime(random.of(["+1y", "-1y"])));
      const { pid } = instance;
      await expectShiftedClock(instance.url);
      return async () => {
        await instance.restart({ LD_PRELOAD: "" });
        await removeSharedMemory(pid);
      };
    }),
  },
];

const mixed: Nemesis = {
  fault: "all of the above in turn",
  start: (context) =>
    repeat(async (stopped) => {
      const { suspensionMs, random } = context;
      const stop = await random.of(single).start(context);
      await delayUnlessAborted(stopped, random.integer(suspensionMs / 2, suspensionMs));
      await stop();
    }),
};

const none: Nemesis = { fault: "none", start: () => Promise.resolve(() => Promise.resolve()) };

export const nemeses: readonly Nemesis[] = [none, ...single, mixed];

const delayUnlessAborted = (signal: AbortSignal, delayMs: number): Promise<void> =>
  delay(delayMs, undefined, { signal }).catch(() => undefined);
