/**
 * Measures how much work a server does when it gets three times as many requests as it can handle. It finds the most that
 * the server does with as many clients as suit it, then sends three times as many requests whether it answers or not, and
 * prints the ratio. Both are measured in turns, so that other work on the machine affects both; and per second of the
 * server's processor time, which other work on the machine does not affect. Arguments in any order: the operation, and the
 * number of connections that the requests come on: the more there are, the more requests can arrive before the first ones
 * are refused.
 */
import { once } from "node:events";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import { URL } from "node:url";
import { Connection as AnyConnection, processorMsOf, quantile, requestOf } from "./support/load.mjs";
import { operations } from "./support/operations.mjs";
import { startUnlimited } from "./support/servers.mjs";

const rounds = 7;
const phaseMs = 2_500;
/** Longer than the burst that a server takes before it refuses requests. */
const warmupMs = 1_800;
const clients = 32;
const overloadFactor = 3;
const args = process.argv.slice(2);
/** They are open before the load begins, as Node.js accepts one in each turn of its event loop. */
const openConnections = Number(args.find((each) => /^\d+$/.test(each)) ?? 1_000);
const operation = args.find((each) => each in operations) ?? "one";
const tickMs = 5;
/** Of `list`. */
const pageSize = 50;

const { url, pid, administer, appId, header } = await startUnlimited();
const processorSeconds = () => processorMsOf(pid) / 1_000;
let created = 0;
const nextAgent = () => ({ input: { appId, name: `agent ${(created += 1)}` } });
const { agent } = await administer(operations.create, nextAgent());
while (created < pageSize) await administer(operations.create, nextAgent());
const requests = {
  one: requestOf(url, header, { query: operations.one, variables: { id: agent.id } }),
  list: requestOf(url, header, { query: operations.list }),
};
const nextRequest = () =>
  requests[operation] ?? requestOf(url, header, { query: operations.create, variables: nextAgent() });

class Connection extends AnyConnection {
  constructor() {
    super(url);
  }

  send() {
    super.send(nextRequest());
  }
}

/** The answers of the server within a phase, after a warm-up. */
class Tally {
  others = 0;
  answerMs = [];
  refusalMs = [];
  startedAt = processorSeconds();

  end() {
    this.processorSeconds = processorSeconds() - this.startedAt;
  }

  /** Answers for each second of processor time. */
  get efficiency() {
    return this.answerMs.length / this.processorSeconds;
  }

  add(status, ms) {
    if (status === 200) this.answerMs.push(ms);
    else if (status === 503) this.refusalMs.push(ms);
    else this.others++;
  }

  get perSecond() {
    return this.answerMs.length / (phaseMs / 1_000);
  }

  get medianAnswerMs() {
    return quantile(this.answerMs, 0.5);
  }

  /** The time within which nearly all refusals were told. */
  get refusalP99Ms() {
    return quantile(this.refusalMs, 0.99) ?? 0;
  }
}

/** As many requests as the server answers, with a fixed number of clients. */
async function measureBest() {
  let tally = new Tally();
  const connections = Array.from({ length: clients }, () => new Connection());
  for (const connection of connections) {
    connection.onAnswer = (status, ms) => {
      tally.add(status, ms);
      connection.send();
    };
    connection.send();
  }
  await delay(warmupMs);
  tally = new Tally();
  await delay(phaseMs);
  const result = tally;
  result.end();
  for (const { socket } of connections) socket.destroy();
  return result;
}

/** A fixed rate of requests, however many are answered. */
async function measureOverload(perSecond) {
  let tally = new Tally();
  const connections = Array.from({ length: openConnections }, () => new Connection());
  await Promise.all(connections.map(({ socket }) => once(socket, "connect")));
  const idle = [...connections];
  for (const connection of connections)
    connection.onAnswer = (status, ms) => {
      tally.add(status, ms);
      idle.push(connection);
    };
  const startedAt = performance.now();
  let sent = 0;
  let skipped = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    for (; sent + skipped < due;) {
      const connection = idle.pop();
      if (connection) {
        connection.send();
        sent++;
      } else skipped++;
    }
  }, tickMs);
  await delay(warmupMs);
  tally = new Tally();
  const health = [];
  const healthUrl = new URL("/healthz", url);
  for (let i = 0; i < phaseMs / 500; i++) {
    const at = performance.now();
    const [alive, revoked] = await Promise.all([
      fetch(healthUrl).then(({ status }) => status),
      administer(`{ apps(first: 1) { nodes { id } } }`).then(
        () => 200,
        () => 0,
      ),
    ]);
    health.push(alive === 200 && revoked === 200);
    await delay(Math.max(0, 500 - (performance.now() - at)));
  }
  const result = tally;
  result.end();
  clearInterval(timer);
  for (const { socket } of connections) socket.destroy();
  return Object.assign(result, { sent, skipped, healthy: health.every(Boolean) });
}

await measureBest();
const ratios = [];
for (let round = 1; round <= rounds; round++) {
  const best = await measureBest();
  const overload = await measureOverload(best.perSecond * overloadFactor);
  ratios.push(overload.efficiency / best.efficiency);
  console.log(
    `round ${round}: best ${best.perSecond.toFixed(0)}/s (${best.efficiency.toFixed(0)} per processor second),` +
      ` at ${overloadFactor} times that ${overload.perSecond.toFixed(0)}/s (${overload.efficiency.toFixed(0)});` +
      ` answered within ${best.medianAnswerMs.toFixed(0)} and ${overload.medianAnswerMs.toFixed(0)} ms (median),` +
      ` ${overload.refusalMs.length} refused within ${overload.refusalP99Ms.toFixed(0)} ms (p99), ${overload.others} other answers,` +
      ` ${overload.skipped} not sent; health checks and administrators ${overload.healthy ? "passed" : "FAILED"}`,
  );
  await delay(1_500);
}
const [lowest, median, highest] = [0, 0.5, 1].map((part) => quantile(ratios, part));
const percent = (ratio) => `${(ratio * 100).toFixed(0)} %`;
console.log(
  `work done per processor second at ${overloadFactor} times the best rate: ${percent(median)} of the best` +
    ` (median of ${rounds}, ${percent(lowest)} to ${percent(highest)})`,
);
process.exit(median >= 0.8 ? 0 : 1);
