import { buildSchema, GraphQLObjectType, parse, validate } from "graphql";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  Network,
  RecordSource,
  Store,
} from "relay-runtime";
import { requireByNode } from "../support/require-by-node";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";

const server = useServer();

/** Relay's compiler has made these of two queries with `@connection`; the compiler itself has 118 MB. */
const compiled = (name: string) => requireByNode(join(__dirname, `relay/${name}.graphql.js`)) as ConcreteRequest;
const [Forwards, Backwards] = [compiled("Forwards"), compiled("Backwards")];
const schema = buildSchema(readFileSync(join(__dirname, "../../schema.graphql"), "utf8"));

/** A key, and the sessions that it can list, in the order of the list. */
async function sessionsOf(count: number): Promise<{ key: KeyHolder; ids: string[] }> {
  const app = await server.current.newApp();
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.unshift(await app.session());
  return { key: await app.key({ runtime: ["SESSION_VIEW"] }), ids };
}

interface Connection {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; endCursor: string };
}

const idsOf = ({ edges }: Connection) => edges.map(({ node }) => node.id);

test("the schema has what Relay's compiler requires of connections, and takes what it has compiled", () => {
  for (const { params } of [Forwards, Backwards]) expect(validate(schema, parse(params.text))).toEqual([]);
  const types = Object.values(schema.getTypeMap()).filter((type) => type instanceof GraphQLObjectType);
  const fieldsOf = (type: GraphQLObjectType | undefined) =>
    Object.fromEntries(Object.values(type?.getFields() ?? {}).map((field) => [field.name, String(field.type)]));
  const pageInfo = types.find(({ name }) => name === "PageInfo");
  expect(fieldsOf(pageInfo)).toEqual({
    hasNextPage: "Boolean!",
    hasPreviousPage: "Boolean!",
    startCursor: "String",
    endCursor: "String",
  });
  const connections = types.filter(({ name }) => name.endsWith("Connection") && name !== "ModelConnection");
  expect(connections.length).toBeGreaterThan(5);
  for (const connection of connections) {
    const { edges, pageInfo: ofPage } = fieldsOf(connection);
    expect([connection.name, ofPage, edges]).toEqual([
      connection.name,
      "PageInfo!",
      expect.stringMatching(/^\[\w+!\]!$/),
    ]);
    const edge = types.find(({ name }) => `[${name}!]!` === edges);
    expect(fieldsOf(edge)).toMatchObject({ cursor: "String!", node: expect.any(String) });
  }
});

test("Relay's runtime joins the pages of a list in both directions", async () => {
  const { key, ids } = await sessionsOf(5);
  const network = Network.create(async ({ text }, variables) => (await key.send(text, variables)).body);
  const environment = new Environment({ network, store: new Store(new RecordSource()) });

  for (const [request, more, cursor] of [
    [Forwards, "hasNextPage", "endCursor"],
    [Backwards, "hasPreviousPage", "startCursor"],
  ] as const) {
    const operation = createOperationDescriptor(request, {});
    environment.retain(operation);
    let sessions: Connection & { readonly pageInfo: Record<string, unknown> };
    let variables = {};
    do {
      await fetchQuery(environment, request, variables, { fetchPolicy: "network-only" }).toPromise();
      ({ sessions } = environment.lookup(operation.fragment).data as { sessions: typeof sessions });
      variables = { cursor: sessions.pageInfo[cursor] };
    } while (sessions.pageInfo[more]);
    expect(idsOf(sessions)).toEqual(ids);
  }
});
