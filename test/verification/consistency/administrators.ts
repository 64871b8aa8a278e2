import type { GraphQLAnswer, TestCredential } from "../../support/client";
import { HttpClient } from "../http-client";
import { Socket } from "../socket";
import type { MutationCall, Outcome } from "./mutations";
import type { World } from "./world";

const everythingOfApp = `query ($appId: ID!) {
  app(id: $appId) { name limits { runsAtOnce queuedRuns } }
  scopes(appId: $appId, first: 100) { nodes { id name description permissions { agents runtime } } }
  apiKeys(appId: $appId, first: 100) { nodes { id name revokedAt scope { id } } }
  agents(appId: $appId, first: 100) { nodes { id name description instructions version } }
  sessions(appId: $appId, first: 100) { nodes { id reference terminatedAt } }
}`;

/** A call, and which of the servers it is made to, for as many as there may be. */
export interface Addressed {
  readonly at: number;
  readonly call: MutationCall;
}

/** Sends what administrators do to several servers, or to one. */
export class Administrators {
  private constructor(
    private readonly credential: TestCredential,
    private readonly servers: readonly { readonly door: HttpClient; readonly socket: Socket }[],
  ) {}

  static async of(urls: readonly string[], adminKey: string): Promise<Administrators> {
    const credential = ["authorization", `Bearer ${adminKey}`] as const;
    const servers = urls.map(async (url) => ({
      door: new HttpClient(url, 8),
      socket: await Socket.open(url, credential),
    }));
    return new Administrators(credential, await Promise.all(servers));
  }

  /** Makes calls at once, each in a request of its own. */
  byRequests(calls: readonly Addressed[]): Promise<Outcome[]> {
    return Promise.all(
      calls.map(async ({ at, call }) => {
        const { query, variables } = operationOf(call);
        return outcomeOf(call, await this.at(at).door.send(this.credential, query, variables));
      }),
    );
  }

  /**
   * Makes calls at once, those to one server in one piece. What comes in pieces of its own, a server with SQLite has most
   * often done before it has read the next.
   */
  async bySockets(calls: readonly Addressed[]): Promise<Outcome[]> {
    const outcomes = new Map<Addressed, Outcome>();
    const perServer = this.servers.map(async (server) => {
      const own = calls.filter(({ at }) => this.at(at) === server);
      const heard = await server.socket.askTogether(own.map(({ call }) => operationOf(call)));
      for (const [i, each] of own.entries()) {
        outcomes.set(each, outcomeOf(each.call, heard[i]?.results[0] ?? { errors: [] }, heard[i]?.how));
      }
    });
    await Promise.all(perServer);
    return calls.map((each) => outcomes.get(each));
  }

  /** Puts what there is of an app into a world, but for the secrets of its keys; nothing where the app is gone. */
  async look(at: number, appId: string, world: World): Promise<void> {
    const { data, errors = [] } = await this.at(at).door.send(this.credential, everythingOfApp, { appId });
    if (errors.length > 0) {
      if (errors.every(({ extensions }) => extensions.code === "NOT_FOUND")) return;
      throw new Error(`What there is of an app was answered with ${JSON.stringify(errors)}`);
    }
    world.apps.set(appId, data.app);
    for (const { id, ...scope } of data.scopes.nodes) world.scopes.set(id, { appId, ...scope });
    for (const { id, scope, ...key } of data.apiKeys.nodes) {
      world.keys.set(id, { appId, scopeId: scope.id, secret: "", ...key });
    }
    for (const { id, ...agent } of data.agents.nodes) world.agents.set(id, { appId, ...agent });
    for (const { id, ...session } of data.sessions.nodes) world.sessions.set(id, { appId, ...session });
  }

  /** What the holder of a key may do; undefined where nobody is let in with it. */
  async permissionsOf(at: number, secret: string): Promise<unknown> {
    const query = `{ viewer { permissions { agents runtime } } }`;
    const { data, status, errors } = await this.at(at).door.send(["x-api-key", secret], query);
    if (status !== 200 && status !== 401) throw new Error(`A key was answered with ${JSON.stringify(errors)}`);
    return data?.viewer.permissions;
  }

  async close(): Promise<void> {
    for (const { socket } of this.servers) socket.leave();
    await Promise.all(this.servers.map(({ door }) => door.close()));
  }

  private at(at: number) {
    const server = this.servers[at % this.servers.length];
    if (!server) throw new RangeError("There is no server");
    return server;
  }
}

function operationOf({ field, input, asks }: MutationCall): { query: string; variables: object } {
  const type = `${field[0]?.toUpperCase() ?? ""}${field.slice(1)}Input`;
  return { query: `mutation ($input: ${type}!) { ${field}(input: $input) { ${asks} } }`, variables: { input } };
}

function outcomeOf({ field }: MutationCall, { data, errors }: GraphQLAnswer, how?: string): Outcome {
  const [error] = errors ?? [];
  return error?.extensions.code ?? data?.[field] ?? `nothing: ${how ?? ""}`;
}
