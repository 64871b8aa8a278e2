/**
 * The server that Latchkey is compared with: Apollo Server on Fastify with prepared statements, the same agents in SQLite, or
 * in the database of DATABASE_URL, and no credentials, permissions, limits or logs at all.
 */
import { randomUUID } from "node:crypto";
import { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import createFastify from "fastify";
import { openMysql } from "./bare-mysql.mjs";
import { openSqlite } from "./bare-sqlite.mjs";

const { DATABASE_URL: databaseUrl, DATA_DIR: dataDir } = process.env;
const agents = databaseUrl === undefined ? openSqlite(dataDir) : await openMysql(databaseUrl);

const apollo = new ApolloServer({
  typeDefs: `
    type Agent {
      id: ID!, name: String!, description: String!, instructions: String!, model: String!, version: Int!, createdAt: String!
    }
    type PageInfo { hasNextPage: Boolean!, endCursor: String }
    type AgentConnection { nodes: [Agent!]!, pageInfo: PageInfo! }
    input CreateAgentInput { appId: ID, name: String!, description: String, instructions: String, model: String }
    type CreateAgentPayload { agent: Agent! }
    type Query { agent(id: ID!): Agent, agents(first: Int = 50, after: String): AgentConnection! }
    type Mutation { createAgent(input: CreateAgentInput!): CreateAgentPayload! }
  `,
  resolvers: {
    Query: {
      agent: (_, { id }) => agents.byId(id),
      agents: async (_, { first, after = "~" }) => {
        const rows = await agents.page(after, first + 1);
        const nodes = rows.slice(0, first);
        return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: nodes.at(-1)?.id ?? null } };
      },
    },
    Mutation: {
      createAgent: async (_, { input }) => {
        const { name, description = "", instructions = "", model = "builtin:extractive" } = input;
        const id = randomUUID();
        await agents.insert(id, name, description, instructions, model, 1, new Date().toISOString());
        return { agent: await agents.byId(id) };
      },
    },
  },
  includeStacktraceInErrorResponses: false,
});
await apollo.start();
const app = createFastify();
app.route({ url: "/graphql", method: ["GET", "POST"], handler: fastifyApolloHandler(apollo) });
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(`http://127.0.0.1:${app.server.address().port}/graphql`);
