import { Contradiction } from "./retrying-client";
import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import type { KnownAgent, KnownApp, KnownConnection } from "./ledger";

const unusedConnections = (app: KnownApp): KnownConnection[] =>
  app.connections.filter((connection) => app.agentsOf(connection).length === 0);

/** A model of a connection that there is, or the built-in one. */
function someModel({ random }: WriterClient, { connections }: KnownApp): string {
  const connection = connections[random.integer(0, connections.length + 1)];
  return connection ? `${connection.name}/${random.of(["good", "trickle"])}` : "builtin:extractive";
}

/** What a change of a connection's name does to the agents that use it. */
function rename(connection: KnownConnection, app: KnownApp, name: string): void {
  for (const agent of app.agentsOf(connection)) {
    agent.model = name + agent.model.slice(connection.name.length);
    agent.version += 1;
  }
  connection.name = name;
}

/** Who asks again is refused where it was done the first time, and sees for itself that it was that and nothing else. */
async function expectChanged(hand: WriterClient, { id, version, description }: KnownAgent): Promise<void> {
  const { agent } = await hand.reads(`query ($id: ID!) { agent(id: $id) { version description } }`, { id });
  if (agent?.version === version && agent.description === description) return;
  throw new Contradiction(
    `updateAgent of ${id} to version ${version} was refused as a conflict, though it is ${JSON.stringify(agent)}`,
  );
}

export const agentOperations: readonly WriteOperation[] = [
  {
    mutation: "createAgent",
    weight: 9,
    isPossible: always,
    async do(hand, app) {
      const given = { name: hand.newName(), description: hand.newName(), model: someModel(hand, app) };
      const onInterrupt = hand.random.of(["FAIL", "RETRY"]);
      const done = { by: hand.key(app), sayingDone: ["CONFLICT"] };
      const answer = await hand.does("createAgent", "agent { id }", { ...given, onInterrupt }, done);
      const { id } =
        answer?.agent ??
        (await hand.finds("agents", "id name", `appId: "${app.id}"`, ({ name }) => name === given.name));
      app.agents.push({ id, ...given, version: 1 });
    },
  },
  {
    mutation: "updateAgent",
    weight: 16,
    isPossible: ({ agents }) => agents.length > 0,
    async do(hand, app) {
      const agent = hand.random.of(app.agents);
      const change = {
        description: hand.newName(),
        ...(hand.happens(0.2) && { model: someModel(hand, app) }),
      };
      const input = { id: agent.id, expectedVersion: agent.version, ...change };
      const done = { by: hand.key(app), sayingDone: ["CONFLICT"] };
      const answer = await hand.does("updateAgent", "agent { version }", input, done);
      Object.assign(agent, change, { version: agent.version + 1 });
      if (!answer) await expectChanged(hand, agent);
    },
  },
  {
    mutation: "deleteAgent",
    weight: 3,
    isPossible: ({ agents }) => agents.length > 0,
    async do(hand, app) {
      const agent = hand.random.of(app.agents);
      await hand.does("deleteAgent", "id", { id: agent.id }, { by: hand.key(app), sayingDone: ["NOT_FOUND"] });
      app.agents = app.agents.filter((each) => each !== agent);
    },
  },
  {
    mutation: "createModelConnection",
    weight: 3,
    isPossible: always,
    async do(hand, app) {
      const given = { name: hand.newName(), apiKey: hand.newName() };
      const baseUrl = hand.surroundings.modelsUrl;
      const input = { appId: app.id, provider: "OPENAI_COMPATIBLE", baseUrl, ...given };
      const done = { sayingDone: ["CONFLICT"] };
      const answer = await hand.does("createModelConnection", "modelConnection { id }", input, done);
      const { id } =
        answer?.modelConnection ??
        (await hand.finds("modelConnections", "id name", `appId: "${app.id}"`, ({ name }) => name === given.name));
      app.connections.push({ id, ...given });
    },
  },
  {
    mutation: "updateModelConnection",
    weight: 5,
    isPossible: ({ connections }) => connections.length > 0,
    async do(hand, app) {
      const connection = hand.random.of(app.connections);
      const { name, ...change } = {
        ...(hand.happens(0.6) && { name: hand.newName() }),
        ...(hand.happens(0.6) && { apiKey: hand.newName() }),
      };
      const input = { id: connection.id, ...change, ...(name !== undefined && { name }) };
      await hand.does("updateModelConnection", "modelConnection { id }", input);
      Object.assign(connection, change);
      if (name !== undefined) rename(connection, app, name);
    },
  },
  {
    mutation: "deleteModelConnection",
    weight: 1,
    isPossible: (app) => unusedConnections(app).length > 0,
    async do(hand, app) {
      const connection = hand.random.of(unusedConnections(app));
      await hand.does("deleteModelConnection", "id", { id: connection.id }, { sayingDone: ["NOT_FOUND"] });
      app.connections = app.connections.filter((each) => each !== connection);
    },
  },
  {
    // It keeps nothing, and is here as it must not change anything either.
    mutation: "testModelConnection",
    weight: 0.5,
    isPossible: ({ connections }) => connections.length > 0,
    async do(hand, app) {
      const { id } = hand.random.of(app.connections);
      const { ok } = await hand.does("testModelConnection", "ok", { id, model: "good" });
      if (!ok) throw new Contradiction(`testModelConnection of ${id} says that the model does not answer`);
    },
  },
];
