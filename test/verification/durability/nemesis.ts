import { setTimeout as delay } from "node:timers/promises";
import { HttpClient } from "../http-client";
import type { Random } from "../random";
import type { Route } from "./retrying-client";
import { CuttingProxy } from "./cutting-proxy";
import type { SmallDisk } from "./small-disk";
import type { Environment } from "./environment";

/** Connections per server: enough for every writer to have a request in progress. */
const connectionsPerServer = 32;
/** Longer than a server works on a request after its client is gone. */
const maxOrphanedRequestMs = 400;

/** The parts that a nemesis acts on while the writers write. */
export interface NemesisContext {
  readonly environment: Environment;
  readonly random: Random;
  /** The way of the writers to the servers. */
  readonly route: Route;
  /** The number of injected faults. */
  readonly repetitions: number;
  /** Waits until this fraction of the writes is acknowledged. @returns false if the time is up */
  untilWritten(fraction: number): Promise<boolean>;
  /** Waits until this many more requests have failed. @returns false if the time is up */
  untilFailed(count: number): Promise<boolean>;
}

/** Injects one kind of fault while the writers write. @returns a summary of the faults */
export type Nemesis = (context: NemesisContext) => Promise<string>;

export const createClients = (urls: readonly string[]): HttpClient[] =>
  urls.map((url) => new HttpClient(url, connectionsPerServer));

/** Injects a fault repeatedly, spread over all writes. @returns the number of repetitions */
async function repeat(
  { repetitions, random, untilWritten }: NemesisContext,
  inject: (nth: number) => Promise<void>,
): Promise<number> {
  for (let nth = 0; nth < repetitions; nth += 1) {
    if (!(await untilWritten((nth + random.integer(0, 100) / 100) / repetitions))) return nth;
    // The condition above becomes true right after a commit; the delay lets faults hit any moment within one.
    await delay(random.integer(0, 50));
    await inject(nth);
  }
  return repetitions;
}

export const none: Nemesis = () => Promise.resolve("");

export const killServer: Nemesis = async (context) => {
  const { environment, random } = context;
  const kills = await repeat(context, async () => {
    const index = random.integer(0, environment.urls.length);
    await environment.kill(index);
    await environment.start(index);
  });
  return `${kills} kills of a server`;
};

export const killDatabase: Nemesis = async (context) => {
  const { environment, random } = context;
  const kills = await repeat(context, async () => {
    await environment.database?.kill();
    await delay(random.integer(0, 500));
    await environment.database?.start();
  });
  return `${kills} kills of the database`;
};

export const cutConnections: Nemesis = async ({ environment, random, route, untilWritten }) => {
  const direct = route.clients;
  const proxies = await Promise.all(
    environment.urls.map((url) => CuttingProxy.start(Number(new URL(url).port), random.fork())),
  );
  route.clients = createClients(proxies.map(({ port }) => `http://127.0.0.1:${port}/graphql`));
  route.retryDelayMs = maxOrphanedRequestMs;
  await untilWritten(1);
  const proxied = route.clients;
  route.clients = direct;
  await Promise.all([...proxied.map((client) => client.close()), ...proxies.map((proxy) => proxy.stop())]);
  return `${proxies.reduce((sum, { cuts }) => sum + cuts, 0)} connections cut`;
};

/**
 * Fills the disk, and every third time also kills the server while the disk is full.
 *
 * @param maxFailures the maximum number of requests that fail before the disk has space again
 */
export const fillDisk =
  (disk: SmallDisk, maxFailures: number): Nemesis =>
  async (context) => {
    const { environment, random, untilFailed } = context;
    let kills = 0;
    const fills = await repeat(context, async (nth) => {
      await disk.fill(random.integer(0, 50_000));
      await untilFailed(random.integer(1, maxFailures));
      const isKilled = nth % 3 === 2;
      if (isKilled) await environment.kill(0);
      await disk.clear();
      if (isKilled) await environment.start(0);
      if (isKilled) kills += 1;
    });
    return `disk full ${fills} times, ${kills} kills of the server while full`;
  };
