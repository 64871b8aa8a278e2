import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import type { TimedAnswer } from "../http-client";
import { text } from "./administration";
import type { Instance } from "./instance";
import { administrator, type Stage } from "./stage";
import { narrow } from "./fixture-pool";
import type { Form, CredentialUnderTest } from "./credential-under-test";

/**
 * How long an instance is waited for before another is asked, in milliseconds. An app takes longer, as it is answered
 * only when nothing is left of it.
 */
const patience = (form: Form): number => (form === "deleteApp" ? 8_000 : 3_000);

/** Between one instance and the next, in milliseconds. */
const pause = 50;

const mutationOf = ({ form, keyId, scopeId, appId }: CredentialUnderTest): string => {
  switch (form) {
    case "revokeApiKey":
      return `mutation { revokeApiKey(input: { id: ${text(keyId)} }) { apiKey { status } } }`;
    case "updateScope":
      return `mutation { updateScope(input: { id: ${text(scopeId)}, permissions: ${narrow} }) { scope { id } } }`;
    case "deleteScope":
      return `mutation { deleteScope(input: { id: ${text(scopeId)}, revokeKeys: true }) { id } }`;
    case "deleteApp":
      return `mutation { deleteApp(input: { id: ${text(appId)} }) { id } }`;
  }
};

/**
 * Takes rights away: asks an instance at random, and another one where that does not answer with success, until one does.
 *
 * @returns the one that did; undefined where another had done it before and could not say so
 */
export async function revoke(
  stage: Stage,
  subject: CredentialUnderTest,
  random: Random,
): Promise<Instance | undefined> {
  const { rights } = subject;
  const query = mutationOf(subject);
  for (let attempt = 1; ; attempt++) {
    const instance = random.of(stage.instances);
    rights.sentAt = Math.min(rights.sentAt, performance.now());
    const answer = await instance.door
      .send(administrator, query, undefined, { headersTimeout: patience(subject.form) })
      .catch(() => undefined);
    if (answer && isSuccess(answer)) return done(answer, instance);
    // Whoever deletes what is gone already is told so.
    if (answer && attempt > 1 && codeOf(answer) === "NOT_FOUND") return done(answer, undefined);
    if (attempt === 200) throw new Error(`${query} was answered with ${JSON.stringify(answer)}, ${attempt} times`);
    await delay(pause);
  }

  function done({ ended }: TimedAnswer, instance: Instance | undefined): Instance | undefined {
    rights.answeredAt = ended;
    return instance;
  }
}

const isSuccess = ({ status, data, errors }: TimedAnswer): boolean => status === 200 && data != null && !errors;

const codeOf = ({ errors }: TimedAnswer): string | undefined => errors?.[0]?.extensions.code;
