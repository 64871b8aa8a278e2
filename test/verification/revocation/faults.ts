import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import { expectFalseClock, faketime, removeTraces } from "./faketime";
import type { Instance } from "./instance";
import type { Stage } from "./stage";

/** What a fault is told. Times are in milliseconds. */
export interface Circumstances {
  readonly stage: Stage;
  readonly random: Random;
  /** How long what stands still does so. */
  readonly nap: number;
  /** How long a fault is left alone between two of its strokes. */
  readonly rest: number;
}

/** Leaves everything well. */
type End = () => Promise<void>;

export interface Fault {
  readonly name: string;
  /** Begins it, and waits until it is there. */
  begin(circumstances: Circumstances): Promise<End>;
}

/** Strikes again and again, with rests before and between. */
const strokes =
  (stroke: (circumstances: Circumstances, instance: Instance) => Promise<void>) =>
  (circumstances: Circumstances): Promise<End> => {
    const { random, rest, stage } = circumstances;
    return again(async (over) => {
      await unless(over, random.integer(rest / 2, rest * 1.5));
      await stroke(circumstances, random.of(stage.instances));
    });
  };

/** Lasts until the end. */
const throughout =
  (begin: (circumstances: Circumstances, instance: Instance) => Promise<End>) =>
  (circumstances: Circumstances): Promise<End> =>
    begin(circumstances, circumstances.random.of(circumstances.stage.instances));

async function again(what: (over: AbortSignal) => Promise<void>): Promise<End> {
  const over = new AbortController();
  const loop = async () => {
    do await what(over.signal);
    while (!over.signal.aborted);
  };
  const going = loop();
  // Whoever ends it is told what has failed.
  going.catch(() => undefined);
  return () => {
    over.abort();
    return going;
  };
}

const single: readonly Fault[] = [
  {
    name: "Redis down",
    begin: throughout(async ({ stage: { cluster } }) => {
      await cluster.redis.stop();
      return () => cluster.redis.start();
    }),
  },
  {
    name: "Redis restarted",
    begin: strokes(async ({ stage: { cluster } }) => {
      await cluster.redis.stop();
      await cluster.redis.start();
    }),
  },
  {
    name: "Redis flushed",
    begin: strokes(async ({ stage: { cluster } }) => {
      await cluster.redis.ask((redis) => redis.flushall());
    }),
  },
  {
    name: "Redis stopped (SIGSTOP)",
    begin: strokes(async ({ stage: { cluster }, nap }) => {
      cluster.redis.hang();
      await delay(nap);
      cluster.redis.wake();
    }),
  },
  {
    name: "Redis half-open to one instance",
    begin: throughout(async (_, { redis }) => {
      await redis.hang();
      return () => redis.mend();
    }),
  },
  {
    name: "one instance stopped (SIGSTOP)",
    begin: strokes(async ({ nap }, instance) => {
      instance.sleep();
      await delay(nap);
      instance.wake();
    }),
  },
  {
    name: "database slow for one instance (500 ms)",
    begin: throughout(async (_, instance) => {
      await instance.slowDatabase(500);
      return () => instance.mendDatabase();
    }),
  },
  {
    name: "database cut off for one instance",
    begin: strokes(async ({ random, nap }, instance) => {
      await instance.cutDatabase();
      await delay(random.integer(0, nap / 2));
      await instance.mendDatabase();
    }),
  },
  { name: "one instance killed and started", begin: strokes((_, instance) => instance.restart()) },
  {
    name: "clock of one instance off by a year",
    begin: throughout(async ({ random }, instance) => {
      await instance.restart(faketime(random.of(["+1y", "-1y"])));
      const { pid } = instance;
      await expectFalseClock(instance.url);
      return async () => {
        await instance.restart({ LD_PRELOAD: "" });
        await removeTraces(pid);
      };
    }),
  },
];

const mixed: Fault = {
  name: "all of these, one after the other",
  begin: (circumstances) =>
    again(async (over) => {
      const { nap, random } = circumstances;
      const end = await random.of(single).begin(circumstances);
      await unless(over, random.integer(nap / 2, nap));
      await end();
    }),
};

const none: Fault = { name: "none", begin: () => Promise.resolve(() => Promise.resolve()) };

export const faults: readonly Fault[] = [none, ...single, mixed];

/** Waits, but not beyond the end. */
const unless = (over: AbortSignal, milliseconds: number): Promise<void> =>
  delay(milliseconds, undefined, { signal: over }).catch(() => undefined);
