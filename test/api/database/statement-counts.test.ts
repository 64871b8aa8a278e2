import { useServer } from "../../support/server";
import { asksForHolders, statementsOf } from "../../support/statements";

const server = useServer();

test("a key reads an agent in two statements: one for the key and its scope, one for the agent", async () => {
  const app = await server.current.newApp();
  const [id, key] = [await app.agent(), await app.key({ agents: "VIEW" })];

  const statements = await statementsOf(() => key.data(`query ($id: ID!) { agent(id: $id) { name model } }`, { id }));
  expect(statements).toHaveLength(2);
});

test("a key lists fifty agents in two statements, and counts them with a third", async () => {
  const app = await server.current.newApp();
  for (let i = 0; i < 50; i++) await app.agent();
  const key = await app.key({ agents: "VIEW" });

  const list = await statementsOf(() =>
    key.data(`{ agents(first: 50) { nodes { id name } pageInfo { hasNextPage } } }`),
  );
  expect(list).toHaveLength(2);
  const withCount = await statementsOf(() => key.data(`{ agents(first: 50) { nodes { id } totalCount } }`));
  expect(withCount).toHaveLength(3);
});

test("an upload looks up its key once if the body arrives immediately", async () => {
  const app = await server.current.newApp();
  const [key, sessionId] = [await app.key({ runtime: ["DOCUMENT_UPLOAD"] }), await app.session()];
  const statements = await statementsOf(() => key.upload(sessionId, "The barn is red."));
  expect(statements.filter(asksForHolders)).toHaveLength(1);
});

test("fifty scopes with their keys take as many statements as one", async () => {
  const query = `query ($appId: ID!) {
    scopes(appId: $appId, first: 50) { nodes { name app { name } apiKeys(first: 2) { nodes { name scope { name } } totalCount } } }
  }`;
  const statementsWith = async (count: number) => {
    const app = await server.current.newApp();
    for (let i = 0; i < count; i++) await app.key({});
    return statementsOf(() => server.current.admin.data(query, { appId: app.id }));
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
    return statementsOf(() => key.data(query));
  };
  const [one, fifty] = [await statementsWith(1), await statementsWith(50)];
  expect(fifty).toHaveLength(one.length);
});
