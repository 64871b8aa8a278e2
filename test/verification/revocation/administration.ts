import { setTimeout as delay } from "node:timers/promises";
import { administrator, type Stage } from "./stage";

/** Few enough for what one operation may hold. */
const atOnce = 25;

/** How long an instance is waited for before another is asked, and between the two, in milliseconds. */
const patience = 5_000;
const pause = 100;

/** What an administrator asks of whichever instance is well, until it is answered. */
export async function ask(stage: Stage, query: string): Promise<any> {
  for (let attempt = 1; ; attempt++) {
    const instance = stage.well[attempt % stage.well.length];
    const answer = await instance?.door
      .send(administrator, query, {}, { headersTimeout: patience })
      .catch((error: unknown) => ({ data: undefined, errors: error }));
    if (answer?.data && !answer.errors) return answer.data;
    if (attempt === 20) throw new Error(`${query} was answered with ${JSON.stringify(answer?.errors)}`);
    await delay(pause);
  }
}

/** The same for many mutations, several in one request. */
export async function askEach(stage: Stage, mutations: readonly string[]): Promise<any[]> {
  const answers: unknown[] = [];
  for (let from = 0; from < mutations.length; from += atOnce) {
    const some = mutations.slice(from, from + atOnce);
    const data = await ask(stage, `mutation { ${some.map((each, i) => `m${i}: ${each}`).join(" ")} }`);
    answers.push(...some.map((_, i) => data[`m${i}`] as unknown));
  }
  return answers;
}

/** As GraphQL reads it back. */
export const text = (value: unknown): string => JSON.stringify(value);
