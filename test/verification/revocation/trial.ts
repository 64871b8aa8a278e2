import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import type { Instance } from "./instance";
import type { Ending, Assertions } from "./assertions";
import type { Load } from "./load";
import { revoke } from "./revoke";
import type { Stage } from "./stage";
import { type FixturePool, talkOf } from "./fixture-pool";
import { openStreams } from "./streams";
import type { CredentialUnderTest, Talk } from "./credential-under-test";
import { openUpload } from "./uploads";
import type { Watched } from "./watched-stream";

/** How long the end of a stream is waited for beyond the time that it may take, in milliseconds. */
const longest = 4_000;

export interface Trials {
  readonly stage: Stage;
  readonly stock: FixturePool;
  readonly load: Load;
  readonly judgement: Assertions;
  readonly random: Random;
  /** How long rights are used at most before they are taken away, in milliseconds. */
  readonly mostUsed: number;
}

/** Takes the rights of one subject away while they are in use, and sees what becomes of that. */
export async function attempt({ stage, stock, load, judgement, random, mostUsed }: Trials): Promise<void> {
  const subject = stock.take();
  load.add(subject);
  const talk = subject.form === "deleteApp" ? await talkOf(stage, subject.agentId) : stock.talk;
  const watched = await open(stage, subject, talk, random);
  await delay(random.integer(200, mostUsed));

  const asked = await revoke(stage, subject, random);
  load.insist(subject);
  await Promise.all(watched.map((each) => judge(each, subject, asked, judgement)));
  load.retire(subject);
}

/** A stream at each instance, and an upload at one. */
async function open(stage: Stage, subject: CredentialUnderTest, talk: Talk, random: Random): Promise<Watched[]> {
  const { credentials, sessionId } = subject;
  const upload = openUpload(random.of(stage.instances), random.of(credentials), sessionId);
  const streams = await Promise.all(
    stage.instances.map((instance) => random.of(openStreams)(instance, random.of(credentials), talk)),
  );
  return [upload, ...streams.filter((stream) => stream !== undefined)];
}

async function judge(
  watched: Watched,
  { form, rights }: CredentialUnderTest,
  asked: Instance | undefined,
  judgement: Assertions,
): Promise<void> {
  const { kind, instance } = watched;
  const ending = await endOf(watched, rights.answeredAt);
  judgement.ended(
    `${form} at instance ${asked?.index ?? "?"}`,
    rights,
    {
      kind: `${kind} at instance ${instance.index}`,
      health: instance.health,
      wasAsked: instance === asked,
      lastMadeAt: watched.lastMadeAt,
      mayComplete: form === "deleteApp",
    },
    ending,
  );
  watched.leave();
}

/** Waits for the end, but not for good. */
async function endOf({ ended, instance }: Watched, answeredAt: number): Promise<Ending> {
  for (;;) {
    const ending = await Promise.race([ended, delay(50)]);
    if (ending) return ending;
    const at = performance.now();
    if (at - instance.health.awakeFrom(answeredAt, at) > longest) {
      return { at, how: "undone", said: "nothing" };
    }
  }
}
