import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import type { Client, GraphQLAnswer } from "./client";

const runFields = `id status input output error { code message } usage { totalTokens } createdAt startedAt finishedAt`;

/** Executes an agent; what is not given is as by default. */
export async function execute(client: Client, input: object): Promise<any> {
  return (await client.data(executeAgent, { input: { text: "one two", ...input } })).executeAgent;
}

export const executeAgent = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { sessionCreated replayed session { id } run { ${runFields} } }
}`;

/**
 * Executes an agent among so many at the same moment that the database may not take all of them within two seconds: what
 * is UNAVAILABLE is asked for again, as the same execution.
 */
export async function executeAmongMany(client: Client, input: object): Promise<any> {
  const once = { text: "one two", idempotencyKey: randomUUID(), ...input };
  for (;;) {
    const { body } = await client.send(executeAgent, { input: once });
    const { data, errors } = body as GraphQLAnswer;
    if (!errors) return data.executeAgent;
    expect(errors).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
  }
}

/** How an execution is refused. */
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

/** The run once it has finished. */
export async function finished(client: Client, id: string, most?: number): Promise<any> {
  let run = await runOf(client, id);
  await eventually(async () => !["QUEUED", "RUNNING"].includes((run = await runOf(client, id)).status), most);
  return run;
}

/** Waits for what is going to be, however long a busy machine takes. */
export async function eventually(condition: () => unknown, most = 30_000): Promise<void> {
  const begun = Date.now();
  while (!(await condition())) {
    const waited = Date.now() - begun;
    if (waited > most) throw new Error(`In vain was waited for: ${condition.toString()}`);
    // The longer it takes the less often it is looked at, so that looking doesn't hold it up.
    await delay(Math.min(5 + waited / 20, 50));
  }
}

/** All events of a run, which must come to its last. */
export async function eventsOf(client: Client, runId: string, after?: number): Promise<any[]> {
  const sse = createClient({
    url: `${client.url}/stream`,
    headers: Object.fromEntries([client.credential ?? []]),
    retryAttempts: 0,
  });
  const query = `subscription ($runId: ID!, $after: Int) {
    runEvents(runId: $runId, after: $after) {
      __typename index runId ... on RunOutput { text } ... on RunFinished { run { id status output } }
    }
  }`;
  const events: any[] = [];
  for await (const { data, errors } of sse.iterate<{ runEvents: any }>({ query, variables: { runId, after } })) {
    if (!data) throw new Error(`The events were answered with ${JSON.stringify(errors)}`);
    events.push(data.runEvents);
  }
  return events;
}

/** What must hold of the events of every run that has finished, and was begun so often. */
export function expectWhole(events: readonly any[], run: any, beginnings = 1): void {
  expect(events.map(({ index }) => index)).toEqual(events.map((_, index) => index));
  const types = events.map(({ __typename }) => __typename);
  expect(types.filter((type) => type === "RunFinished")).toEqual(["RunFinished"]);
  expect(types.at(-1)).toBe("RunFinished");
  expect(types.filter((type) => type === "RunStarted")).toHaveLength(run.startedAt === null ? 0 : beginnings);
  expect(types.indexOf("RunStarted")).toBe(run.startedAt === null ? -1 : 0);

  const since = events.slice(types.lastIndexOf("RunStarted") + 1);
  const pieces = since.filter(({ __typename }) => __typename === "RunOutput").map(({ text }) => text);
  expect(run.output).toBe(pieces.length === 0 ? null : pieces.join(""));
  expect(events.at(-1).run).toMatchObject({ id: run.id, status: run.status, output: run.output });
}
