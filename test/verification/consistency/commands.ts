import fc from "fast-check";
import {
  createAgent,
  createSession,
  deleteAgent,
  executeAgent,
  terminateSession,
  updateAgent,
} from "./agent-mutations";
import {
  type MutationCall,
  createApiKey,
  createApp,
  createScope,
  deleteApp,
  deleteScope,
  renameApiKey,
  revokeApiKey,
  updateApp,
  updateScope,
} from "./mutations";
import type { World } from "./world";

/** What an administrator sets out to do, in a world that is known only when it is done. */
export interface Command {
  /** Which of the servers is asked. */
  readonly at: number;
  /** Of the things that it may be done to, which it is. */
  readonly which: number;
  /** @param seen everything there has ever been, by its kind */
  callIn(world: World, seen: Seen, which: number): MutationCall | undefined;
}

/** The ids of everything that there has ever been, the oldest first. */
export type Seen = Readonly<Record<"apps" | "scopes" | "keys" | "agents" | "sessions", readonly string[]>> & {
  /** What sets the names of this world's apps off from those of others. */
  readonly prefix: string;
};

type Kind = "apps" | "scopes" | "keys" | "agents" | "sessions";

/** One of the two newest, so that administrators get in each other's way; now and then one that is gone. */
function chosen(world: World, seen: Seen, kind: Kind, which: number): string | undefined {
  const live = [...world[kind].keys()];
  const gone = seen[kind].filter((id) => !world[kind].has(id));
  const from = gone.length > 0 && (which % 8 === 0 || live.length === 0) ? gone : live;
  return from.at(-1 - (which % Math.min(2, from.length)));
}

const name = fc.constantFrom("a", "b");
const reference = fc.constantFrom("a", "b");
const text = fc.nat(999).map((n) => `text ${n}`);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

type CallOf = Command["callIn"];

/** Something done to a thing of this kind, if there is or was one. */
const on = (kind: Kind, call: (id: string, world: World) => MutationCall): fc.Arbitrary<CallOf> =>
  fc.constant((world, seen, which) => {
    const id = chosen(world, seen, kind, which);
    return id === undefined ? undefined : call(id, world);
  });

const onApps = fc.oneof(
  name.map(
    (each): CallOf =>
      (_, { prefix }) =>
        createApp(prefix + each),
  ),
  fc
    .tuple(maybe(name), maybe(fc.constantFrom("runsAtOnce", "queuedRuns")), fc.integer({ min: 1_000, max: 9_999 }))
    .map(([newName, limit, value]): CallOf => (world, seen, which) => {
      const id = chosen(world, seen, "apps", which);
      const limits = limit && { [limit]: value };
      return id === undefined ? undefined : updateApp(id, newName && seen.prefix + newName, limits);
    }),
);

const onScopes = fc.oneof(
  name.chain((each) => on("apps", (id) => createScope(id, each))),
  fc
    .record({
      name: maybe(name),
      description: maybe(text),
      permissions: maybe(
        fc.record({
          agents: fc.constantFrom("NONE", "VIEW", "EDIT", "FULL"),
          runtime: fc.constant<["RUN"]>(["RUN"]),
        }),
      ),
    })
    .chain((changes) => on("scopes", (id, world) => updateScope(id, changes, world.scopes.get(id)?.appId))),
);

const endOfScope = fc
  .boolean()
  .chain((revokeKeys) => on("scopes", (id, world) => deleteScope(id, revokeKeys, world.scopes.get(id)?.appId)));

const within = (id: string, { keys, sessions }: World): (string | undefined)[] => [
  keys.get(id)?.scopeId,
  keys.get(id)?.appId ?? sessions.get(id)?.appId,
];

const newKey = name.chain((each) => on("scopes", (id, world) => createApiKey(id, each, world.scopes.get(id)?.appId)));
const onKeys = fc.oneof(
  name.chain((each) => on("keys", (id, world) => renameApiKey(id, each, within(id, world)))),
  on("keys", (id, world) => revokeApiKey(id, within(id, world))),
);

const newAgent = name.chain((each) => on("apps", (id) => createAgent(id, each)));
const changedAgent = fc
  .record({
    name: maybe(name),
    description: maybe(text),
    instructions: maybe(text),
    ahead: fc.constantFrom(0, 0, 0, 0, -1, 1, undefined, undefined),
  })
  .chain(({ ahead, ...changes }) =>
    on("agents", (id, world) => {
      const agent = world.agents.get(id);
      const expectedVersion = ahead === undefined ? undefined : Math.max(1, (agent?.version ?? 1) + ahead);
      return updateAgent(id, { ...changes, expectedVersion }, agent?.appId);
    }),
  );
const endOfAgent = on("agents", (id, world) => deleteAgent(id, world.agents.get(id)?.appId));

const onSessions = fc.oneof(
  maybe(reference).chain((each) => on("apps", (id) => createSession(id, each))),
  reference.chain((each) => on("agents", (id, world) => executeAgent(id, each, world.agents.get(id)?.appId))),
  on("sessions", (id, world) => terminateSession({ id }, within(id, world))),
  reference.chain((each) => on("apps", (appId) => terminateSession({ appId, reference: each }, [appId]))),
);

/** Anything that an administrator may do. */
const anyCall: fc.Arbitrary<CallOf> = fc.oneof(
  { arbitrary: onApps, weight: 3 },
  { arbitrary: on("apps", (id) => deleteApp(id)), weight: 1 },
  { arbitrary: onScopes, weight: 4 },
  { arbitrary: endOfScope, weight: 2 },
  { arbitrary: newKey, weight: 3 },
  { arbitrary: onKeys, weight: 4 },
  { arbitrary: newAgent, weight: 2 },
  { arbitrary: changedAgent, weight: 5 },
  { arbitrary: endOfAgent, weight: 1 },
  { arbitrary: onSessions, weight: 5 },
);

/** What gets in each other's way. */
const rivals: fc.Arbitrary<CallOf>[][] = [
  [onApps],
  [on("apps", (id) => deleteApp(id)), newAgent, newKey, onSessions, onScopes],
  [onScopes],
  [newKey, endOfScope],
  [newKey, onKeys],
  [changedAgent],
  [changedAgent],
  [newAgent, changedAgent, endOfAgent],
  [onSessions],
];

const some = (calls: readonly fc.Arbitrary<CallOf>[]) =>
  fc.array(fc.record({ at: fc.nat(2), which: fc.nat(15), callIn: fc.oneof(...calls) }), { minLength: 2, maxLength: 4 });

/** A few things that are done at once: mostly such as get in each other's way, to the same thing. */
export const anyCommands: fc.Arbitrary<readonly Command[]> = fc.oneof(
  { arbitrary: some([anyCall]), weight: 1 },
  {
    arbitrary: fc
      .tuple(fc.nat(15), fc.oneof(...rivals.map(some)))
      .map(([which, acts]) => acts.map((act) => ({ ...act, which }))),
    weight: 4,
  },
);
