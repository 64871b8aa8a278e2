import type { GraphQLAnswer, TestCredential } from "../../support/client";
import { HttpClient } from "../http-client";
import { Socket } from "../socket";
import type { MutationCall, Outcome } from "./mutations";
import type { ModelState } from "./model-state";

const appContents = `query ($appId: ID!) {
  app(id: $appId) { name limits { runsAtOnce queuedRuns } }
  scopes(appId: $appId, first: 100) { nodes { id name description permissions { agents runtime } } }
  apiKeys(appId: $appId, first: 100) { nodes { id name revokedAt scope { id } } }
  agents(appId: $appId, first: 100) { nodes { id name description instructions version } }
  sessions(appId: $appId, first: 100) { nodes { id reference terminatedAt } }
}`;

export interface RoutedCall {
  /** Chooses the server, modulo the number of servers. */
  readonly serverIndex: number;
  readonly call: MutationCall;
}

/** Sends the mutations and queries of administrators to one or several servers. */
export class Administrators {
  private constructor(
    private readonly credential: TestCredential,
    private readonly servers: readonly { readonly client: HttpClient; readonly socket: Socket }[],
  ) {}

  static async connect(urls: readonly string[], adminKey: string): Promise<Administrators> {
    const credential = ["authorization", `Bearer ${adminKey}`] as const;
    const servers = urls.map(async (url) => ({
      client: new HttpClient(url, 8),
      socket: await Socket.open(url, credential),
    }));
    return new Administrators(credential, await Promise.all(servers));
  }

  /** Sends mutations concurrently, each in a separate HTTP request. */
  overHttp(calls: readonly RoutedCall[]): Promise<Outcome[]> {
    return Promise.all(
      calls.map(async ({ serverIndex, call }) => {
        const { query, variables } = operationOf(call);
        return outcomeOf(call, await this.server(serverIndex).client.send(this.credential, query, variables));
      }),
    );
  }

  /**
   * Sends mutations concurrently, those for one server in one TCP segment. A server on SQLite usually executes a separate
   * request before it reads the next one, so that separate requests rarely race.
   */
  async overWebSocket(calls: readonly RoutedCall[]): Promise<Outcome[]> {
    const outcomes = new Map<RoutedCall, Outcome>();
    const perServer = this.servers.map(async (server) => {
      const batch = calls.filter(({ serverIndex }) => this.server(serverIndex) === server);
      const responses = await server.socket.askTogether(batch.map(({ call }) => operationOf(call)));
      for (const [i, each] of batch.entries()) {
        const response = responses[i];
        outcomes.set(each, outcomeOf(each.call, response?.results[0] ?? { errors: [] }, response?.how));
      }
    });
    await Promise.all(perServer);
    return calls.map((each) => outcomes.get(each));
  }

  /** Adds an app and its contents to `state`, without the secrets of the keys; nothing if the app does not exist. */
  async readApp(serverIndex: number, appId: string, state: ModelState): Promise<void> {
    const { client } = this.server(serverIndex);
    const { data, errors = [] } = await client.send(this.credential, appContents, { appId });
    if (errors.length > 0) {
      if (errors.every(({ extensions }) => extensions.code === "NOT_FOUND")) return;
      throw new Error(`The query of an app failed with ${JSON.stringify(errors)}`);
    }
    state.apps.set(appId, data.app);
    for (const { id, ...scope } of data.scopes.nodes) state.scopes.set(id, { appId, ...scope });
    for (const { id, scope, ...key } of data.apiKeys.nodes) {
      state.keys.set(id, { appId, scopeId: scope.id, secret: "", ...key });
    }
    for (const { id, ...agent } of data.agents.nodes) state.agents.set(id, { appId, ...agent });
    for (const { id, ...session } of data.sessions.nodes) state.sessions.set(id, { appId, ...session });
  }

  /** @returns undefined if the key is refused */
  async permissionsOf(serverIndex: number, secret: string): Promise<unknown> {
    const query = `{ viewer { permissions { agents runtime } } }`;
    const { data, status, errors } = await this.server(serverIndex).client.send(["x-api-key", secret], query);
    if (status !== 200 && status !== 401) throw new Error(`A request with a key failed with ${JSON.stringify(errors)}`);
    return data?.viewer.permissions;
  }

  async close(): Promise<void> {
    for (const { socket } of this.servers) socket.leave();
    await Promise.all(this.servers.map(({ client }) => client.close()));
  }

  private server(index: number) {
    const server = this.servers[index % this.servers.length];
    if (!server) throw new RangeError("There is no server");
    return server;
  }
}

function operationOf({ field, input, selection }: MutationCall): { query: string; variables: object } {
  const type = `${field[0]?.toUpperCase() ?? ""}${field.slice(1)}Input`;
  return { query: `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, variables: { input } };
}

function outcomeOf({ field }: MutationCall, { data, errors }: GraphQLAnswer, closeReason?: string): Outcome {
  const [error] = errors ?? [];
  return error?.extensions.code ?? data?.[field] ?? `no response: ${closeReason ?? ""}`;
}
