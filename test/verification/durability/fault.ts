import { setTimeout as delay } from "node:timers/promises";
import { HttpClient } from "../http-client";
import type { Random } from "../random";
import type { Reach } from "./retrying-client";
import { CuttingProxy } from "./cutting-proxy";
import type { SmallDisk } from "./small-disk";
import type { Environment } from "./environment";

/** How many connections to each server, and so how many writers can be answered at once. */
const connections = 32;
/** Longer than anything takes that a server is still at when its client has gone, in milliseconds. */
const longestEcho = 400;

/** What a fault is done to, while it is written to. */
export interface Stage {
  readonly world: Environment;
  readonly random: Random;
  /** Where the writers ask. */
  readonly reach: Reach;
  /** How often the fault is to be there. */
  readonly times: number;
  /** Waits until this part of what is to be written was written. @returns false where time is over */
  written(part: number): Promise<boolean>;
  /** Waits until there was no answer to so many more requests. @returns false where time is over */
  failed(count: number): Promise<boolean>;
}

export const newDoors = (urls: readonly string[]): HttpClient[] => urls.map((url) => new HttpClient(url, connections));

/** Something that happens while it is written. @returns in words what it was */
export type Fault = (stage: Stage) => Promise<string>;

/** Does it again and again, so that it is spread over all that is written. @returns how often it was done */
async function again({ times, random, written }: Stage, what: (nth: number) => Promise<void>): Promise<number> {
  for (let nth = 0; nth < times; nth += 1) {
    if (!(await written((nth + random.integer(0, 100) / 100) / times))) return nth;
    // So many writes take a whole number of commits: any moment within one is meant.
    await delay(random.integer(0, 50));
    await what(nth);
  }
  return times;
}

export const none: Fault = () => Promise.resolve("");

export const serverKilled: Fault = async (stage) => {
  const { world, random } = stage;
  const kills = await again(stage, async () => {
    const index = random.integer(0, world.urls.length);
    await world.kill(index);
    await world.start(index);
  });
  return `${kills} kills of a server`;
};

export const databaseKilled: Fault = async (stage) => {
  const { world, random } = stage;
  const kills = await again(stage, async () => {
    await world.database?.kill();
    await delay(random.integer(0, 500));
    await world.database?.start();
  });
  return `${kills} kills of the database`;
};

export const connectionsCut: Fault = async ({ world, random, reach, written }) => {
  const direct = reach.doors;
  const proxies = await Promise.all(
    world.urls.map((url) => CuttingProxy.start(Number(new URL(url).port), random.fork())),
  );
  reach.doors = newDoors(proxies.map(({ port }) => `http://127.0.0.1:${port}/graphql`));
  reach.pause = longestEcho;
  await written(1);
  const cut = reach.doors;
  reach.doors = direct;
  await Promise.all([...cut.map((door) => door.close()), ...proxies.map((proxy) => proxy.stop())]);
  return `${proxies.reduce((sum, { cuts }) => sum + cuts, 0)} connections cut`;
};

/**
 * Each third time the server is killed while there is no room.
 *
 * @param failures how many requests are to have failed at most when there is room again
 */
export const diskFull =
  (disk: SmallDisk, failures: number): Fault =>
  async (stage) => {
    const { world, random, failed } = stage;
    let kills = 0;
    const times = await again(stage, async (nth) => {
      await disk.fill(random.integer(0, 50_000));
      await failed(random.integer(1, failures));
      const isKilled = nth % 3 === 2;
      if (isKilled) await world.kill(0);
      await disk.clear();
      if (isKilled) await world.start(0);
      if (isKilled) kills += 1;
    });
    return `${times} times full, ${kills} kills of the server meanwhile`;
  };
