/** The bare server of the benchmark of requests on Mercurius, with compiled queries and a look-up of the key's hash. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import createFastify from "fastify";
import mercurius from "mercurius";

const db = new Sqlite(join(process.env.DATA_DIR, "mercurius.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE apiKey (hash BLOB PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE agent (
    id CHAR(36) PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL, instructions TEXT NOT NULL,
    model TEXT NOT NULL, version INT NOT NULL, createdAt TEXT NOT NULL
  )
`);
const columns = "id, name, description, instructions, model, version, createdAt";
const insert = db.prepare(`INSERT INTO agent (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
const byId = db.prepare(`SELECT ${columns} FROM agent WHERE id = ?`);
const page = db.prepare(`SELECT ${columns} FROM agent WHERE id < ? ORDER BY id DESC LIMIT ?`);
const keyByHash = db.prepare("SELECT name FROM apiKey WHERE hash = ?");

const hashOf = (key) => createHash("sha256").update(key).digest();
const key = randomBytes(32).toString("base64url");
db.prepare("INSERT INTO apiKey (hash, name) VALUES (?, ?)").run(hashOf(key), "bench");

const app = createFastify();
app.addHook("onRequest", async ({ headers }, reply) => {
  if (!keyByHash.get(hashOf(headers["x-api-key"] ?? ""))) return reply.code(401).send({ errors: [{ message: "no" }] });
});
await app.register(mercurius, {
  schema: `
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
      agent: (_, { id }) => byId.get(id),
      agents: (_, { first, after = "~" }) => {
        const rows = page.all(after, first + 1);
        const nodes = rows.slice(0, first);
        return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: nodes.at(-1)?.id ?? null } };
      },
    },
    Mutation: {
      createAgent: (_, { input }) => {
        const { name, description = "", instructions = "", model = "builtin:extractive" } = input;
        const id = randomUUID();
        insert.run(id, name, description, instructions, model, 1, new Date().toISOString());
        return { agent: byId.get(id) };
      },
    },
  },
  jit: 1,
});
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(`http://127.0.0.1:${app.server.address().port}/graphql\nx-api-key: ${key}`);
