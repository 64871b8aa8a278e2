import { isDeepStrictEqual } from "node:util";
import type { OwnServer } from "../own-server";
import type { Finding } from "../program";
import { type AccessCase, type Credential, describeCase } from "./case";
import { type Digest, differences, digestOf } from "./digest";
import type { Driver, Response } from "./driver";
import type { Fixtures } from "./fixtures";
import { type Operation, operationOf } from "./operation";
import { expectedAnswer, isAccepted, isKnown } from "./oracle";

export const concurrency = 48;

/** The whole database is compared after this number of cases. */
const casesPerDigest = 4_000;

/** Runs cases against a server, and compares each response with the oracle's. */
export class CaseRunner {
  private digest: Digest | undefined;
  private comparisons = 0;
  private changes = 0;

  constructor(
    private readonly server: OwnServer,
    private readonly driver: Driver,
    private readonly fixtures: Fixtures,
    /** On the clock of `performance.now()`. */
    private readonly deadline: number,
    private readonly violation: (what: string) => void,
  ) {}

  /** The result of comparing the whole database before and after each batch. */
  get databaseFinding(): Finding {
    return { fault: "database unchanged", trials: this.comparisons, violations: this.changes, worst: "" };
  }

  async runAll(credential: Credential, cases: Iterable<AccessCase>): Promise<Finding> {
    let [trials, violations, maxMs] = [0, 0, 0];
    for (const batch of batchesOf(cases)) {
      const queue = batch.values();
      const work = async () => {
        for (const accessCase of queue) {
          if (this.isOver) return;
          const startedAt = performance.now();
          if (!(await this.isHandledCorrectly(accessCase))) violations += 1;
          maxMs = Math.max(maxMs, performance.now() - startedAt);
          trials += 1;
        }
      };
      await this.assertUnchanged(batch, () => Promise.all(Array.from({ length: concurrency }, work)));
      if (this.isOver) break;
    }
    return { fault: credential, trials, violations, worst: `${Math.round(maxMs)} ms` };
  }

  private get isOver(): boolean {
    return performance.now() > this.deadline;
  }

  private async isHandledCorrectly(accessCase: AccessCase): Promise<boolean> {
    const { fixtures } = this;
    const holder = fixtures.holderOf(accessCase);
    const victim = fixtures.victimOf(accessCase);
    const operation = operationOf(accessCase, holder, victim);
    const expected = expectedAnswer(accessCase, holder);
    const { answer, text } = await this.send(accessCase, operation);
    const violation = (actual: unknown, wanted: unknown) =>
      this.violation(
        `${describeCase(accessCase)}: the response to ${operation.query} was ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}`,
      );
    if (!isDeepStrictEqual(answer, expected)) {
      violation(answer, expected);
      return false;
    }
    const unknown = operationOf(accessCase, holder, victim, true);
    if (!isAccepted(accessCase) || isDeepStrictEqual(operation, unknown)) return true;
    const { text: unknownText } = await this.send(accessCase, unknown);
    if (unknownText === text) return true;
    violation(text, `as for objects that do not exist: ${unknownText}`);
    return false;
  }

  private send(accessCase: AccessCase, operation: Operation): Promise<Response> {
    const credential = this.fixtures.credentialOf(accessCase);
    return this.driver.send(accessCase.transport, credential, operation, isKnown(accessCase.credential));
  }

  private async assertUnchanged(batch: readonly AccessCase[], work: () => Promise<unknown>): Promise<void> {
    this.digest ??= await digestOf(this.server.config);
    await work();
    await this.driver.closeSockets();
    const after = await digestOf(this.server.config);
    const changed = differences(this.digest, after);
    this.digest = after;
    this.comparisons += 1;
    const [first, last] = [batch[0], batch.at(-1)];
    if (changed.length === 0 || !first || !last) return;
    this.changes += 1;
    this.violation(
      `stored data changed between ${describeCase(first)} and ${describeCase(last)}: ${changed.join("; ")}`,
    );
  }
}

function* batchesOf(cases: Iterable<AccessCase>): Generator<AccessCase[]> {
  let batch: AccessCase[] = [];
  for (const accessCase of cases) {
    if (batch.push(accessCase) < casesPerDigest) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
