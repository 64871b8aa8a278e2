/** The operations of the benchmarks by their names, which every server with the schema of the bare one answers. */
export const operations = {
  one: "query ($id: ID!) { agent(id: $id) { id name model } }",
  list: "{ agents(first: 50) { nodes { id name description model version createdAt } } }",
  create: "mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id name model } } }",
};
