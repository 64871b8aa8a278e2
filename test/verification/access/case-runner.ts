import { isDeepStrictEqual } from "node:util";
import type { OwnServer } from "../own-server";
import type { Finding } from "../program";
import { type Digest, differences, digestOf } from "./digest";
import type { Driver } from "./driver";
import { operationOf } from "./operation";
import { expected } from "./oracle";
import type { Fixtures } from "./fixtures";
import { type Credential, described, type AccessCase } from "./case";

/** How many trials are under way at once. */
export const atOnce = 48;

/** After how many trials it is looked whether they have changed anything. */
const perDigest = 4_000;

/** Carries out trials against a server, and compares what comes of them with what must. */
export class CaseRunner {
  private digest: Digest | undefined;
  private digests = 0;
  private changed = 0;

  constructor(
    private readonly server: OwnServer,
    private readonly driver: Driver,
    private readonly scene: Fixtures,
    private readonly deadline: number,
    private readonly violation: (what: string) => void,
  ) {}

  /** How often it was looked whether anything has changed. */
  get changes(): Finding {
    return { fault: "the whole database, before and after", trials: this.digests, violations: this.changed, worst: "" };
  }

  async all(credential: Credential, trials: Iterable<AccessCase>): Promise<Finding> {
    let [count, violations, slowest] = [0, 0, 0];
    for (const batch of batchesOf(trials)) {
      const queue = batch.values();
      const work = async () => {
        for (const trial of queue) {
          if (this.isOver) return;
          const began = performance.now();
          if (!(await this.holds(trial))) violations += 1;
          slowest = Math.max(slowest, performance.now() - began);
          count += 1;
        }
      };
      await this.changingNothing(batch, () => Promise.all(Array.from({ length: atOnce }, work)));
      if (this.isOver) break;
    }
    return { fault: credential, trials: count, violations, worst: `${Math.round(slowest)} ms` };
  }

  private get isOver(): boolean {
    return performance.now() > this.deadline;
  }

  private async holds(trial: AccessCase): Promise<boolean> {
    const { driver, scene } = this;
    const holder = scene.holderOf(trial);
    const operation = operationOf(trial, holder, scene.victim);
    const isBelieved = trial.credential === "valid" || trial.credential === "other app's";
    const wanted = expected(trial, holder);
    const got = await driver.send(trial.transport, scene.credentialOf(trial), operation, isBelieved);
    if (isDeepStrictEqual(got, wanted)) return true;
    const [is, must] = [got, wanted].map((answer) => JSON.stringify(answer));
    this.violation(`${described(trial)}: ${operation.query} was answered with ${is ?? ""} and not with ${must ?? ""}`);
    return false;
  }

  private async changingNothing(trials: readonly AccessCase[], work: () => Promise<unknown>): Promise<void> {
    this.digest ??= await digestOf(this.server.config);
    await work();
    await this.driver.leaveSockets();
    const after = await digestOf(this.server.config);
    const changes = differences(this.digest, after);
    this.digest = after;
    this.digests += 1;
    const [first, last] = [trials[0], trials.at(-1)];
    if (changes.length === 0 || !first || !last) return;
    this.changed += 1;
    this.violation(`between ${described(first)} and ${described(last)} something changed: ${changes.join("; ")}`);
  }
}

function* batchesOf(trials: Iterable<AccessCase>): Generator<AccessCase[]> {
  let batch: AccessCase[] = [];
  for (const trial of trials) {
    if (batch.push(trial) < perDigest) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
