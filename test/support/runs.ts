import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import type { Client, GraphQLAnswer } from "./client";
import type { TestServer } from "./server";
import type { TestModel } from "./test-model";

const runFields = `id status input output error { code message } usage { totalTokens } createdAt startedAt finishedAt`;

export async function execute(client: Client, input: object): Promise<any> {
  return (await client.data(executeAgent, { input: { text: "one two", ...input } })).executeAgent;
}

export const executeAgent = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { sessionCreated replayed session { id } run { ${runFields} } }
}`;

/**
 * Executes an agent while there are so many concurrent executions that the database may time out: retries with the same
 * idempotency key if the result is UNAVAILABLE.
 */
export async function executeUnderLoad(client: Client, input: object): Promise<any> {
  const execution = { text: "one two", idempotencyKey: randomUUID(), ...input };
  for (;;) {
    const { body } = await client.send(executeAgent, { input: execution });
    const { data, errors } = body as GraphQLAnswer;
    if (!errors) return data.executeAgent;
    expect(errors).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    await delay(100);
  }
}

/** @returns the error code of an execution, or undefined if it succeeds */
export const refusalOf = (client: Client, input: object): Promise<string | undefined> =>
  client.code(executeAgent, { input: { text: "one two", ...input } });

export async function runOf(client: Client, id: string): Promise<any> {
  return (await client.data(`query ($id: ID!) { run(id: $id) { ${runFields} } }`, { id })).run;
}

export async function cancel(client: Client, id: string): Promise<any> {
  const { cancelRun } = await client.data(
    `mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { ${runFields} } } }`,
    { id },
  );
  return cancelRun.run;
}

/** Waits until a run has finished. Asks again if the server has more requests than it can handle. */
export async function finished(client: Client, id: string, timeoutMs?: number): Promise<any> {
  let run: any;
  await eventually(async () => {
    run = await runOf(client, id).catch((error: unknown) => {
      if (!String(error).includes("failed with 503")) throw error;
    });
    return run !== undefined && !["QUEUED", "RUNNING"].includes(run.status as string);
  }, timeoutMs);
  return run;
}

/** Waits until a condition is true. The default timeout allows for a busy machine. */
export async function eventually(condition: () => unknown, timeoutMs = 60_000): Promise<void> {
  const startedAt = Date.now();
  while (!(await condition())) {
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > timeoutMs) throw new Error(`Timed out after ${timeoutMs} ms: ${condition.toString()}`);
    // Poll less often over time, so that polling does not slow down the work.
    await delay(Math.min(5 + waitedMs / 20, 50));
  }
}

/** Resumes the answers of a model until the server has no open run, so that a test leaves none to the next test. */
export const finishRuns = (server: TestServer, model: TestModel): Promise<void> =>
  eventually(async () => {
    model.release();
    const [row] = await server.sql("SELECT COUNT(*) AS number FROM run WHERE status IN ('QUEUED', 'RUNNING')");
    return Number(row?.["number"]) === 0;
  });

/** Sends a request again if the server has more requests than it can handle. */
async function fetchUnderLoad(...request: Parameters<typeof fetch>): Promise<Response> {
  for (;;) {
    const response = await fetch(...request);
    if (response.status !== 503) return response;
    await response.body?.cancel();
    await delay(Number(response.headers.get("retry-after")) * 1_000);
  }
}

/** Reads the events of a run until it has finished. */
export async function eventsOf(client: Client, runId: string, after?: number): Promise<any[]> {
  const sse = createClient({
    url: `${client.url}/stream`,
    headers: Object.fromEntries([client.credential ?? []]),
    retryAttempts: 0,
    fetchFn: fetchUnderLoad,
  });
  const query = `subscription ($runId: ID!, $after: Int) {
    runEvents(runId: $runId, after: $after) {
      __typename index runId ... on RunOutput { text } ... on RunFinished { run { id status output } }
    }
  }`;
  const events: any[] = [];
  for await (const { data, errors } of sse.iterate<{ runEvents: any }>({ query, variables: { runId, after } })) {
    if (!data) throw new Error(`The subscription failed with ${JSON.stringify(errors)}`);
    events.push(data.runEvents);
  }
  return events;
}

/**
 * Checks that the events of a finished run have no gaps, end once, and contain its output.
 *
 * @param attempts how often the run was started
 */
export function expectWhole(events: readonly any[], run: any, attempts = 1): void {
  expect(events.map(({ index }) => index)).toEqual(events.map((_, index) => index));
  const types = events.map(({ __typename }) => __typename);
  expect(types.filter((type) => type === "RunFinished")).toEqual(["RunFinished"]);
  expect(types.at(-1)).toBe("RunFinished");
  expect(types.filter((type) => type === "RunStarted")).toHaveLength(run.startedAt === null ? 0 : attempts);
  expect(types.indexOf("RunStarted")).toBe(run.startedAt === null ? -1 : 0);

  const lastAttempt = events.slice(types.lastIndexOf("RunStarted") + 1);
  const chunks = lastAttempt.filter(({ __typename }) => __typename === "RunOutput").map(({ text }) => text);
  expect(run.output).toBe(chunks.length === 0 ? null : chunks.join(""));
  expect(events.at(-1).run).toMatchObject({ id: run.id, status: run.status, output: run.output });
}
