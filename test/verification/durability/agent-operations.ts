import { ContradictionError } from "./retrying-client";
import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import type { KnownAgent, KnownApp, KnownConnection } from "./ledger";

const unusedConnections = (app: KnownApp): KnownConnection[] =>
  app.connections.filter((connection) => app.agentsOf(connection).length === 0);

/** A model of one of the app's connections, or the built-in model. */
function randomModel({ random }: WriterClient, { connections }: KnownApp): string {
  const connection = connections[random.integer(0, connections.length + 1)];
  return connection ? `${connection.name}/${random.of(["good", "trickle"])}` : "builtin:extractive";
}

/** Renaming a connection also updates the agents that use it. */
function rename(connection: KnownConnection, app: KnownApp, name: string): void {
  for (const agent of app.agentsOf(connection)) {
    agent.model = name + agent.model.slice(connection.name.length);
    agent.version += 1;
  }
  connection.name = name;
}

/** A retried update conflicts if the first attempt succeeded: checks that the agent is in the state that it set. */
async function expectUpdated(client: WriterClient, { id, version, description }: KnownAgent): Promise<void> {
  const { agent } = await client.query(`query ($id: ID!) { agent(id: $id) { version description } }`, { id });
  if (agent?.version === version && agent.description === description) return;
  throw new ContradictionError(
    `updateAgent of ${id} to version ${version} was refused as a conflict, but the agent is ${JSON.stringify(agent)}`,
  );
}

const header = (value: string) => [{ name: "x-token", value }];

export const toolServerOperations: readonly WriteOperation[] = [
  {
    mutation: "createToolServer",
    weight: 3,
    isPossible: ({ toolServers }) => toolServers.length < 50,
    async run(client, app) {
      const values = { name: client.newName(), headerValue: client.newName() };
      const input = {
        appId: app.id,
        name: values.name,
        url: `${client.services.modelsUrl}/tools`,
        headers: header(values.headerValue),
      };
      const payload = await client.mutate("createToolServer", "toolServer { id }", input, {
        alreadyDone: ["CONFLICT"],
      });
      const { id } =
        payload?.toolServer ??
        (await client.find("toolServers", "id name", `appId: "${app.id}"`, ({ name }) => name === values.name));
      app.toolServers.push({ id, ...values });
    },
  },
  {
    mutation: "updateToolServer",
    weight: 3,
    isPossible: ({ toolServers }) => toolServers.length > 0,
    async run(client, app) {
      const server = client.random.of(app.toolServers);
      const changes = { name: client.newName(), headerValue: client.newName() };
      const input = { id: server.id, name: changes.name, headers: header(changes.headerValue) };
      await client.mutate("updateToolServer", "toolServer { id }", input);
      Object.assign(server, changes);
    },
  },
  {
    mutation: "deleteToolServer",
    weight: 1,
    isPossible: ({ toolServers }) => toolServers.length > 0,
    async run(client, app) {
      const server = client.random.of(app.toolServers);
      await client.mutate("deleteToolServer", "id", { id: server.id }, { alreadyDone: ["NOT_FOUND"] });
      app.toolServers = app.toolServers.filter((each) => each !== server);
    },
  },
  {
    // It writes nothing. It is included because it must not change anything either.
    mutation: "testToolServer",
    weight: 0.5,
    isPossible: ({ toolServers }) => toolServers.length > 0,
    async run(client, app) {
      const { id } = client.random.of(app.toolServers);
      const { ok } = await client.mutate("testToolServer", "ok", { id });
      // The server at its address does not speak the protocol of tools.
      if (ok) throw new ContradictionError(`testToolServer of ${id} reports tools where there are none`);
    },
  },
];

export const agentOperations: readonly WriteOperation[] = [
  {
    mutation: "createAgent",
    weight: 9,
    isPossible: always,
    async run(client, app) {
      const values = { name: client.newName(), description: client.newName(), model: randomModel(client, app) };
      const onInterrupt = client.random.of(["FAIL", "RETRY"]);
      const options = { credential: client.credentialOf(app), alreadyDone: ["CONFLICT"] };
      const payload = await client.mutate("createAgent", "agent { id }", { ...values, onInterrupt }, options);
      const { id } =
        payload?.agent ??
        (await client.find("agents", "id name", `appId: "${app.id}"`, ({ name }) => name === values.name));
      app.agents.push({ id, ...values, version: 1 });
    },
  },
  {
    mutation: "updateAgent",
    weight: 16,
    isPossible: ({ agents }) => agents.length > 0,
    async run(client, app) {
      const agent = client.random.of(app.agents);
      const changes = {
        description: client.newName(),
        ...(client.chance(0.2) && { model: randomModel(client, app) }),
      };
      const input = { id: agent.id, expectedVersion: agent.version, ...changes };
      const options = { credential: client.credentialOf(app), alreadyDone: ["CONFLICT"] };
      const payload = await client.mutate("updateAgent", "agent { version }", input, options);
      Object.assign(agent, changes, { version: agent.version + 1 });
      if (!payload) await expectUpdated(client, agent);
    },
  },
  {
    mutation: "deleteAgent",
    weight: 3,
    isPossible: ({ agents }) => agents.length > 0,
    async run(client, app) {
      const agent = client.random.of(app.agents);
      const options = { credential: client.credentialOf(app), alreadyDone: ["NOT_FOUND"] };
      await client.mutate("deleteAgent", "id", { id: agent.id }, options);
      app.agents = app.agents.filter((each) => each !== agent);
    },
  },
  {
    mutation: "createModelConnection",
    weight: 3,
    isPossible: always,
    async run(client, app) {
      const values = { name: client.newName(), apiKey: client.newName() };
      const baseUrl = client.services.modelsUrl;
      const input = { appId: app.id, provider: "OPENAI_COMPATIBLE", baseUrl, ...values };
      const options = { alreadyDone: ["CONFLICT"] };
      const payload = await client.mutate("createModelConnection", "modelConnection { id }", input, options);
      const { id } =
        payload?.modelConnection ??
        (await client.find("modelConnections", "id name", `appId: "${app.id}"`, ({ name }) => name === values.name));
      app.connections.push({ id, ...values });
    },
  },
  {
    mutation: "updateModelConnection",
    weight: 5,
    isPossible: ({ connections }) => connections.length > 0,
    async run(client, app) {
      const connection = client.random.of(app.connections);
      const { name, ...changes } = {
        ...(client.chance(0.6) && { name: client.newName() }),
        ...(client.chance(0.6) && { apiKey: client.newName() }),
      };
      const input = { id: connection.id, ...changes, ...(name !== undefined && { name }) };
      await client.mutate("updateModelConnection", "modelConnection { id }", input);
      Object.assign(connection, changes);
      if (name !== undefined) rename(connection, app, name);
    },
  },
  {
    mutation: "deleteModelConnection",
    weight: 1,
    isPossible: (app) => unusedConnections(app).length > 0,
    async run(client, app) {
      const connection = client.random.of(unusedConnections(app));
      await client.mutate("deleteModelConnection", "id", { id: connection.id }, { alreadyDone: ["NOT_FOUND"] });
      app.connections = app.connections.filter((each) => each !== connection);
    },
  },
  {
    // It writes nothing. It is included because it must not change anything either.
    mutation: "testModelConnection",
    weight: 0.5,
    isPossible: ({ connections }) => connections.length > 0,
    async run(client, app) {
      const { id } = client.random.of(app.connections);
      const { ok } = await client.mutate("testModelConnection", "ok", { id, model: "good" });
      if (!ok) throw new ContradictionError(`testModelConnection of ${id} reports that the model is unreachable`);
    },
  },
];
