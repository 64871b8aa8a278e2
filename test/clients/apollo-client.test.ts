import { parse } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { requireByNode } from "../support/require-by-node";
import { execute } from "../support/runs";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";

// The types are those of modules of ECMAScript, which a program of CommonJS can't import by a statement.
type Apollo = typeof import("@apollo/client", { with: { "resolution-mode": "import" } });
type Link = typeof import("@apollo/client/link/subscriptions", { with: { "resolution-mode": "import" } });
type Utilities = typeof import("@apollo/client/utilities", { with: { "resolution-mode": "import" } });
const { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } = requireByNode("@apollo/client/core") as Apollo;
const { GraphQLWsLink } = requireByNode("@apollo/client/link/subscriptions") as Link;
const { relayStylePagination } = requireByNode("@apollo/client/utilities") as Utilities;
const { default: UploadHttpLink } = requireByNode("apollo-upload-client/UploadHttpLink.mjs") as {
  default: new (options: object) => InstanceType<Apollo["ApolloLink"]>;
};

const server = useServer();
const newKey = async (): Promise<KeyHolder> => (await server.current.newApp()).key();
const clientOf = (link: InstanceType<Apollo["ApolloLink"]>, cache = new InMemoryCache()) =>
  new ApolloClient({ link, cache });
const httpLink = ({ url, secret }: KeyHolder) => new HttpLink({ uri: url, headers: { "x-api-key": secret } });

test("a query gives its data", async () => {
  const key = await newKey();
  const { data } = await clientOf(httpLink(key)).query({ query: parse(`{ viewer { kind } }`) });
  expect(data).toEqual({ viewer: { __typename: "Viewer", kind: "API_KEY" } });
});

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (CombinedGraphQLErrors.is(error) ? error.errors[0] : error),
  );

test("errors of every status give their code, reason and path", async () => {
  const app = await server.current.newApp();
  const [key, revoked] = [await app.key({ agents: "VIEW" }), await app.key()];
  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`, {
    id: revoked.keyId,
  });
  const query = parse(`{ viewer { kind } }`);
  const codes = (code: string, more: object = {}) => ({ extensions: { code, ...more } });

  expect(await errorOf(clientOf(httpLink(revoked)).query({ query }))).toMatchObject(
    codes("UNAUTHENTICATED", { reason: "KEY_REVOKED" }),
  );
  const noCredential = clientOf(new HttpLink({ uri: key.url }));
  expect(await errorOf(noCredential.query({ query }))).toMatchObject(
    codes("UNAUTHENTICATED", { reason: "NO_CREDENTIAL" }),
  );
  const client = clientOf(httpLink(key));
  const createAgent = parse(`mutation { createAgent(input: { name: "x" }) { agent { id } } }`);
  expect(await errorOf(client.mutate({ mutation: createAgent }))).toMatchObject({
    ...codes("FORBIDDEN"),
    path: ["createAgent"],
  });
  expect(await errorOf(client.query({ query: parse(`{ nothing }`) }))).toMatchObject(
    codes("GRAPHQL_VALIDATION_FAILED"),
  );
  const wrongVariable = parse(`query ($first: Int) { agents(first: $first) { totalCount } }`);
  expect(await errorOf(client.query({ query: wrongVariable, variables: { first: 3e9 } }))).toMatchObject(
    codes("BAD_USER_INPUT"),
  );
  const editor = clientOf(httpLink(await app.key()));
  const deleteAgent = parse(`mutation { deleteAgent(input: { id: "none" }) { id } }`);
  expect(await errorOf(editor.mutate({ mutation: deleteAgent }))).toMatchObject({
    ...codes("NOT_FOUND"),
    path: ["deleteAgent"],
  });
});

test.each(["x-api-key", "authorization"])("apollo-upload-client uploads with the header %s", async (header) => {
  const key = await newKey();
  const { createSession } = await key.data(`mutation { createSession(input: {}) { session { id } } }`);
  const headers = { [header]: header === "x-api-key" ? key.secret : `Bearer ${key.secret}` };
  const { data } = await clientOf(new UploadHttpLink({ uri: key.url, headers })).mutate({
    mutation: parse(
      `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { size filename } } }`,
    ),
    variables: { input: { sessionId: createSession.session.id, file: new File(["twelve bytes"], "notes.txt") } },
  });
  expect(data).toMatchObject({ uploadDocument: { document: { size: 12, filename: "notes.txt" } } });
});

/** The second is what the page's own Sandbox sends if the user adds the header of the administrator. */
test.each([
  ["a key", (key: KeyHolder) => ({ "x-api-key": key.secret })],
  ["Sandbox's headers", (key: KeyHolder) => ({ "x-api-key": "", authorization: `Bearer ${key.secret}` })],
])("a subscription with %s over GraphQLWsLink gives its events", async (_, connectionParams) => {
  const app = await server.current.newApp();
  const [agentId, key] = [await app.agent(), await app.key()];
  const { run } = await execute(key, { agentId, text: "Hello" });
  const socket = createClient({
    url: key.url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: connectionParams(key),
  });
  const client = clientOf(new GraphQLWsLink(socket));
  const query = parse(`subscription ($runId: ID!) { runEvents(runId: $runId) { __typename index } }`);
  const types: string[] = [];
  await new Promise<void>((complete, error) => {
    client.subscribe<{ runEvents: { __typename: string } }>({ query, variables: { runId: run.id } }).subscribe({
      next: ({ data, error: failure }) => {
        if (failure) error(new Error(failure.message));
        else types.push(String(data?.runEvents.__typename));
      },
      error,
      complete,
    });
  });
  expect([types.at(0), types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
  await socket.dispose();
});

interface Connection {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

test("relayStylePagination() joins the pages of a list", async () => {
  const app = await server.current.newApp();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift(await app.session());
  const typePolicies = { Query: { fields: { sessions: relayStylePagination(["filter"]) } } };
  const client = clientOf(httpLink(await app.key()), new InMemoryCache({ typePolicies }));
  const query = parse(`query ($after: String) {
    sessions(first: 2, after: $after) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`);
  const observed = client.watchQuery<{ sessions: Connection }>({ query });
  const subscription = observed.subscribe(() => undefined);
  let { sessions } = (await observed.refetch()).data as { sessions: Connection };
  while (sessions.pageInfo.hasNextPage) {
    await observed.fetchMore({ variables: { after: sessions.pageInfo.endCursor } });
    ({ sessions } = client.readQuery<{ sessions: Connection }>({ query }) as { sessions: Connection });
  }
  expect(sessions.edges.map(({ node }) => node.id)).toEqual(ids);
  subscription.unsubscribe();
});
