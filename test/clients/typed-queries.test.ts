import { codegen } from "@graphql-codegen/core";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { buildClientSchema, getIntrospectionQuery, parse, printSchema } from "graphql";
import { execFile } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { useFolder } from "../support/folder";
import { useServer } from "../support/server";

const server = useServer();
const folder = useFolder();
const root = join(__dirname, "../..");

/** The schema as tools read it from the server, with the credential of a key. */
async function introspected() {
  const key = await (await server.current.newApp()).key({});
  return buildClientSchema(await key.data(getIntrospectionQuery()));
}

/** Type checks programs. @returns what the compiler prints */
async function typeCheck(programs: Readonly<Record<string, string>>, options: object = {}): Promise<string> {
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: "node16",
    target: "es2022",
    types: [],
    ...options,
  };
  await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  for (const [name, text] of Object.entries(programs)) await writeFile(join(folder.path, name), text);
  return promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc")], {
    cwd: folder.path,
  }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

test("graphql-codegen makes types of queries, mutations, subscriptions and unions", async () => {
  const schema = await introspected();
  const document = parse(`
    query Agents($first: Int) { agents(first: $first) { edges { node { id name model } } pageInfo { endCursor } } }
    mutation Execute($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id status output } replayed } }
    subscription Events($runId: ID!) { runEvents(runId: $runId) { __typename index ... on RunOutput { text } } }
  `);
  const types = await codegen({
    filename: "types.ts",
    schema: parse(printSchema(schema)),
    documents: [{ location: "operations.graphql", document }],
    config: {
      strictScalars: true,
      scalars: { DateTime: "string", JSONObject: "Record<string, unknown>", SafeInt: "number", Upload: "File" },
    },
    plugins: [{ typescriptOperations: {} }],
    pluginMap: { typescriptOperations },
  });
  const program = `
    import type { AgentsQuery, ExecuteMutationVariables, EventsSubscription } from "./types";
    export const nameOf = (data: AgentsQuery): string | undefined => data.agents.edges[0]?.node.name;
    export const variables: ExecuteMutationVariables = { input: { agentId: "a", text: "b" } };
    export const textOf = ({ runEvents }: EventsSubscription): string | undefined =>
      runEvents.__typename === "RunOutput" ? runEvents.text : undefined;
    // @ts-expect-error The text is required.
    export const wrong: ExecuteMutationVariables = { input: { agentId: "a" } };
  `;
  expect(await typeCheck({ "types.ts": types, "program.ts": program })).toBe("");
});

test("gql.tada infers the types of queries from the schema", async () => {
  const schema = await introspected();
  await writeFile(join(folder.path, "schema.graphql"), printSchema(schema));
  const program = `
    import { initGraphQLTada, type ResultOf, type VariablesOf } from "gql.tada";
    import type { introspection } from "./graphql-env.d.ts";
    const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string } }>();
    const query = graphql(\`query ($first: Int) { agents(first: $first) { nodes { name createdAt } } }\`);
    export const nameOf = (data: ResultOf<typeof query>): string | undefined => data.agents.nodes[0]?.name;
    export const variables: VariablesOf<typeof query> = { first: 1 };
    // @ts-expect-error It is a number.
    export const wrong: VariablesOf<typeof query> = { first: "1" };
  `;
  const options = {
    allowImportingTsExtensions: true,
    plugins: [{ name: "gql.tada/ts-plugin", schema: "./schema.graphql", tadaOutputLocation: "./graphql-env.d.ts" }],
  };
  // The first check makes the configuration and the program.
  await typeCheck({ "program.ts": program }, options);
  const cli = join(root, "node_modules/gql.tada/bin/cli.js");
  await promisify(execFile)(process.execPath, [cli, "generate-output"], { cwd: folder.path });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc], { cwd: folder.path });
  expect(stdout).toBe("");
});
