import type { Client } from "../../support/client";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";
import { asksForHolders, requestStatementsOf, rowsReadBy } from "../../support/statements";

const server = useServer();

test("a key reads an agent in two statements: one for the key and its scope, one for the agent", async () => {
  const app = await server.current.newApp();
  const [id, key] = [await app.agent(), await app.key({ agents: "VIEW" })];

  const statements = await requestStatementsOf(() =>
    key.data(`query ($id: ID!) { agent(id: $id) { name model } }`, { id }),
  );
  expect(statements).toHaveLength(2);
});

test("a page of agents reads one row for the key and its scope, and one agent more than it returns", async () => {
  const app = await server.current.newApp();
  for (let i = 0; i < 8; i++) await app.agent({ name: `agent ${i}` });
  const key = await app.key();
  const page = () => key.data(`{ agents(first: 5) { nodes { id name } pageInfo { hasNextPage } } }`);
  expect(await rowsReadBy(page)).toEqual([1, 6]);
});

test("a key lists fifty agents in two statements, and counts them with a third", async () => {
  const app = await server.current.newApp();
  for (let i = 0; i < 50; i++) await app.agent();
  const key = await app.key({ agents: "VIEW" });

  const list = await requestStatementsOf(() =>
    key.data(`{ agents(first: 50) { nodes { id name } pageInfo { hasNextPage } } }`),
  );
  expect(list).toHaveLength(2);
  // Of the agents, only ids and what was requested.
  const columns = [...(list[1] ?? "").matchAll(/candidate_(\w+)/g)].map(([, column]) => column);
  expect([...new Set(columns)].sort()).toEqual(["appId", "id", "name"]);
  const withCount = await requestStatementsOf(() => key.data(`{ agents(first: 50) { nodes { id } totalCount } }`));
  expect(withCount).toHaveLength(3);
});

test("an upload looks up its key once if the body arrives immediately", async () => {
  const app = await server.current.newApp();
  const [key, sessionId] = [await app.key({ runtime: ["DOCUMENT_UPLOAD"] }), await app.session()];
  const statements = await requestStatementsOf(() => key.upload(sessionId, "The barn is red."));
  // Not by its id, which the server does for connections that have been open for a while.
  expect(statements.filter((each) => asksForHolders(each) && each.includes("digest"))).toHaveLength(1);
  // The statements of its processing belong to no other test.
  const processing = `SELECT id FROM document WHERE status = 'PROCESSING'`;
  await eventually(async () => (await server.current.sql(processing)).length === 0);
});

test("fifty scopes with their keys take as many statements as one", async () => {
  const query = `query ($appId: ID!) {
    scopes(appId: $appId, first: 50) { nodes { name app { name } apiKeys(first: 2) { nodes { name scope { name } } totalCount } } }
  }`;
  const statementsWith = async (count: number) => {
    const app = await server.current.newApp();
    for (let i = 0; i < count; i++) await app.key({});
    return requestStatementsOf(() => server.current.admin.data(query, { appId: app.id }));
  };
  const [one, fifty] = [await statementsWith(1), await statementsWith(50)];
  expect(fifty).toHaveLength(one.length);
});

test("fifty sessions with their documents, runs and messages take as many statements as one", async () => {
  const query = `{
    sessions(first: 50) {
      nodes { app { name } documents { filename } runs(first: 2) { nodes { status agent { name } } } messages(first: 4) { nodes { text } } }
    }
  }`;
  const statementsWith = async (count: number) => {
    const app = await server.current.newApp();
    const agentId = await app.agent();
    for (let i = 0; i < count; i++) {
      const { sessionId } = await app.run({ agentId });
      await app.document(sessionId);
    }
    const key = await app.key();
    return requestStatementsOf(() => key.data(query));
  };
  const [one, fifty] = [await statementsWith(1), await statementsWith(50)];
  expect(fifty).toHaveLength(one.length);
});

/** Those that read or change rows, rather than begin and end transactions. */
const onRows = (statements: readonly string[]) =>
  statements.filter((each) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(each));
const commitsIn = (statements: readonly string[]) => statements.filter((each) => each === "COMMIT").length;

test("a key creates an agent with eight statements and one commit, the entry of the audit log included", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const statements = await requestStatementsOf(() =>
    key.data(`mutation { createAgent(input: { name: "helper" }) { agent { id } } }`),
  );
  expect(onRows(statements).length).toBeLessThanOrEqual(8);
  expect(commitsIn(statements)).toBe(1);
});

const runInput = (agentId: string, sessionId?: string) => ({
  input: {
    agentId,
    ...(sessionId !== undefined && { session: { id: sessionId } }),
    text: "What is red?",
    waitMs: 10_000,
  },
});
const execution = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { status output } session { status } } }`;

/** Those that a run of the built-in model takes, from the request to its answer, with those that begin and end transactions. */
async function statementsOfRun(key: Client, agentId: string, sessionId?: string): Promise<string[]> {
  // The first statements of a process, and the look at the queue that its start has brought.
  await key.data(execution, runInput(agentId, sessionId));
  return requestStatementsOf(() => key.data(execution, runInput(agentId, sessionId)));
}

test("a run of the built-in model takes at most sixteen statements and two commits", async () => {
  const app = await server.current.newApp();
  const statements = await statementsOfRun(await app.key(), await app.agent(), await app.session());
  expect(statements.length).toBeLessThanOrEqual(16);
  expect(commitsIn(statements)).toBe(2);
});

test("a run that opens its session takes no statement more", async () => {
  const app = await server.current.newApp();
  const statements = await statementsOfRun(await app.key(), await app.agent());
  expect(statements.length).toBeLessThanOrEqual(16);
  expect(commitsIn(statements)).toBe(2);
});

test("a run reads its key twice and its agent once, and nothing that it has written", async () => {
  const app = await server.current.newApp();
  const statements = await statementsOfRun(await app.key(), await app.agent(), await app.session());
  // Whether the session has other runs, and documents, is asked by the statement that reads the agent.
  const tables = statements.flatMap(
    (each) => /^SELECT .* FROM .(\w+). .\w+. /.exec(each.replace(/\s+/g, " "))?.[1] ?? [],
  );
  expect(tables.sort()).toEqual(["agent", "api_key", "scope"]);
});
