import { requireByNode } from "../support/require-by-node";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";

// The types are those of a module of ECMAScript, which a program of CommonJS can't import by a statement.
const { GraphQLClient } = requireByNode("graphql-request") as typeof import("graphql-request", {
  with: { "resolution-mode": "import" },
});

const server = useServer();
let key: KeyHolder;
beforeAll(async () => {
  key = await (await server.current.newApp()).key({ agents: "VIEW" });
});

test.each([
  ["POST", "x-api-key"],
  ["GET", "x-api-key"],
  ["POST", "authorization"],
  ["GET", "authorization"],
] as const)("a query by %s with the header %s gives its data", async (method, header) => {
  const headers = { [header]: header === "x-api-key" ? key.secret : `Bearer ${key.secret}` };
  // As its documentation says for GET.
  const client = new GraphQLClient(key.url, { method, headers, jsonSerializer: JSON });
  const query = `query ($first: Int) { agents(first: $first) { totalCount } }`;
  expect(await client.request(query, { first: 1 })).toEqual({ agents: { totalCount: 0 } });
});

test.each([
  ["UNAUTHENTICATED", 401, {}, `{ viewer { kind } }`],
  ["FORBIDDEN", 403, undefined, `{ apps { totalCount } }`],
  ["GRAPHQL_VALIDATION_FAILED", 400, undefined, `{ nothing }`],
] as const)("an error has the code %s and the status %d", async (code, status, headers, query) => {
  const client = new GraphQLClient(key.url, { headers: headers ?? { "x-api-key": key.secret } });
  await expect(client.request(query)).rejects.toMatchObject({
    response: { status, errors: [{ extensions: { code } }] },
  });
});
