import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import { administer, literal } from "./administration";
import type { Instance } from "./instance";
import type { Ending, Assertions } from "./assertions";
import type { LoadGenerator } from "./load";
import { revoke } from "./revoke";
import type { Testbed } from "./testbed";
import { type FixturePool, startClockRun } from "./fixture-pool";
import { openStreams } from "./streams";
import type { ClockRun, CredentialUnderTest } from "./credential-under-test";
import { openUpload } from "./uploads";
import { WorkInFlight } from "./work-in-flight";
import type { WatchedStream } from "./watched-stream";

/** A stream that has not ended after this time counts as still open. */
const endTimeoutMs = 4_000;

export interface TrialContext {
  readonly testbed: Testbed;
  readonly pool: FixturePool;
  readonly load: LoadGenerator;
  readonly assertions: Assertions;
  readonly random: Random;
  /** The maximum time that a credential is used before it is revoked. */
  readonly maxUseMs: number;
}

/**
 * Revokes a credential while it is used, and checks how its streams, uploads, mutations and runs end.
 *
 * @returns the check of its callbacks, for later
 */
export async function runTrial({
  testbed,
  pool,
  load,
  assertions,
  random,
  maxUseMs,
}: TrialContext): Promise<() => void> {
  const credential = pool.take();
  load.add(credential);
  const run = credential.kind === "deleteApp" ? await startClockRun(testbed, credential.agentId) : pool.clockRun;
  const work = new WorkInFlight(testbed, credential, random.fork());
  const streams = [...(work.waiting ? [work.waiting] : []), ...(await open(testbed, credential, run, random))];
  await delay(random.integer(200, maxUseMs));

  const revokedBy = await revoke(testbed, credential, random);
  load.probeAll(credential);
  const [checkCallbacks] = await Promise.all([
    work.check(`${credential.kind} at instance ${revokedBy?.index ?? "?"}`, assertions),
    ...streams.map((stream) => checkEnding(stream, credential, revokedBy, assertions)),
  ]);
  load.retire(credential);
  // Its old key stays refused, and the number of active administrators is limited.
  if (credential.kind === "rotateAdministratorKey") {
    await administer(
      testbed,
      `mutation { revokeAdministrator(input: { id: ${literal(credential.holderId)} }) { administrator { id } } }`,
    );
  }
  return checkCallbacks;
}

/** Opens a stream at each instance, and an upload at one of them. */
async function open(
  testbed: Testbed,
  { credentials, sessionId }: CredentialUnderTest,
  run: ClockRun,
  random: Random,
): Promise<WatchedStream[]> {
  const upload = openUpload(random.of(testbed.instances), random.of(credentials), sessionId);
  const streams = await Promise.all(
    testbed.instances.map((instance) => random.of(openStreams)(instance, random.of(credentials), run)),
  );
  return [upload, ...streams.filter((stream) => stream !== undefined)];
}

async function checkEnding(
  stream: WatchedStream,
  { kind, rights }: CredentialUnderTest,
  revokedBy: Instance | undefined,
  assertions: Assertions,
): Promise<void> {
  const { name, instance } = stream;
  const ending = await waitForEnd(stream, rights.answeredAt);
  assertions.checkEnding(
    `${kind} at instance ${revokedBy?.index ?? "?"}`,
    rights,
    {
      name: `${name} at instance ${instance.index}`,
      monitor: instance.monitor,
      isLocal: instance === revokedBy,
      lastProducedAt: stream.lastProducedAt,
      mayComplete: kind === "deleteApp",
    },
    ending,
  );
  stream.close();
}

/** Time in which the instance is suspended does not count towards the timeout. */
async function waitForEnd({ ended, instance }: WatchedStream, answeredAt: number): Promise<Ending> {
  for (;;) {
    const ending = await Promise.race([ended, delay(50)]);
    if (ending) return ending;
    const at = performance.now();
    if (at - instance.monitor.responsiveFrom(answeredAt, at) > endTimeoutMs) {
      return { at, outcome: "open", reason: "nothing" };
    }
  }
}
