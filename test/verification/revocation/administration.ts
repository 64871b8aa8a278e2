import { setTimeout as delay } from "node:timers/promises";
import { administrator, type Testbed } from "./testbed";

/** Small enough for the limits of an operation. */
const batchSize = 20;

/** Another instance is tried after the first time; the second one separates two attempts. */
const timeoutMs = 5_000;
const retryDelayMs = 100;

/** Sends an operation of the administrator to a healthy instance, and retries it until it succeeds. */
export async function administer(testbed: Testbed, query: string): Promise<any> {
  for (let attempt = 1; ; attempt++) {
    const instance = testbed.healthyInstances[attempt % testbed.healthyInstances.length];
    const response = await instance?.client
      .send(administrator, query, {}, { headersTimeout: timeoutMs })
      .catch((error: unknown) => ({ data: undefined, errors: error }));
    if (response?.data && !response.errors) return response.data;
    if (attempt === 20) throw new Error(`${query} failed with ${JSON.stringify(response?.errors)}`);
    await delay(retryDelayMs);
  }
}

/** Sends many mutations in batches. @returns their payloads */
export async function administerAll(testbed: Testbed, mutations: readonly string[]): Promise<any[]> {
  const payloads: unknown[] = [];
  for (let from = 0; from < mutations.length; from += batchSize) {
    const batch = mutations.slice(from, from + batchSize);
    const data = await administer(testbed, `mutation { ${batch.map((each, i) => `m${i}: ${each}`).join(" ")} }`);
    payloads.push(...batch.map((_, i) => data[`m${i}`] as unknown));
  }
  return payloads;
}

/** A GraphQL string literal. */
export const literal = (value: unknown): string => JSON.stringify(value);
