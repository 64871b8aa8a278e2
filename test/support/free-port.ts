import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** The last port that `fetch` refuses to connect to ("bad ports" of https://fetch.spec.whatwg.org/#port-blocking). */
const lastBlockedPort = 10_080;

const firstEphemeralPort = 32_768;

/**
 * A loopback port that is currently free. It is below the ephemeral range, so that a server can be restarted on it: the
 * system does not assign it to anybody else.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lastBlockedPort + 1, firstEphemeralPort);
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
