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
import type { ModelState } from "./model-state";

/** A mutation whose target is chosen when it is executed, because the ids are not known before. */
export interface Command {
  /** Chooses the server, modulo the number of servers. */
  readonly serverIndex: number;
  /** Chooses the target among the possible ones. */
  readonly targetIndex: number;
  /** @returns undefined if there is no possible target */
  toMutation(state: ModelState, known: KnownIds, targetIndex: number): MutationCall | undefined;
}

type Kind = "apps" | "scopes" | "keys" | "agents" | "sessions";

/** The ids of all objects that were ever created, the oldest first. */
export type KnownIds = Readonly<Record<Kind, readonly string[]>> & {
  /** Begins the names of this test's apps, so that they differ from the names of other tests' apps. */
  readonly prefix: string;
};

/** One of the two newest objects, so that mutations conflict often; sometimes one that was deleted. */
function chooseTarget(state: ModelState, known: KnownIds, kind: Kind, targetIndex: number): string | undefined {
  const existing = [...state[kind].keys()];
  const deleted = known[kind].filter((id) => !state[kind].has(id));
  const candidates = deleted.length > 0 && (targetIndex % 8 === 0 || existing.length === 0) ? deleted : existing;
  return candidates.at(-1 - (targetIndex % Math.min(2, candidates.length)));
}

const name = fc.constantFrom("a", "b");
const reference = fc.constantFrom("a", "b");
const text = fc.nat(999).map((n) => `text ${n}`);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

type ToMutation = Command["toMutation"];

/** A mutation of an object of this kind. */
const on = (kind: Kind, mutate: (id: string, state: ModelState) => MutationCall): fc.Arbitrary<ToMutation> =>
  fc.constant((state, known, targetIndex) => {
    const id = chooseTarget(state, known, kind, targetIndex);
    return id === undefined ? undefined : mutate(id, state);
  });

const appChanges = fc.oneof(
  name.map(
    (each): ToMutation =>
      (_, { prefix }) =>
        createApp(prefix + each),
  ),
  fc
    .tuple(maybe(name), maybe(fc.constantFrom("runsAtOnce", "queuedRuns")), fc.integer({ min: 1_000, max: 9_999 }))
    .map(([newName, limit, value]): ToMutation => (state, known, targetIndex) => {
      const id = chooseTarget(state, known, "apps", targetIndex);
      const limits = limit && { [limit]: value };
      return id === undefined ? undefined : updateApp(id, newName && known.prefix + newName, limits);
    }),
);

const scopeChanges = fc.oneof(
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
    .chain((changes) => on("scopes", (id, state) => updateScope(id, changes, state.scopes.get(id)?.appId))),
);

const scopeDeletion = fc
  .boolean()
  .chain((revokeKeys) => on("scopes", (id, state) => deleteScope(id, revokeKeys, state.scopes.get(id)?.appId)));

const parentsOf = (id: string, { keys, sessions }: ModelState): (string | undefined)[] => [
  keys.get(id)?.scopeId,
  keys.get(id)?.appId ?? sessions.get(id)?.appId,
];

const keyCreation = name.chain((each) =>
  on("scopes", (id, state) => createApiKey(id, each, state.scopes.get(id)?.appId)),
);
const keyChanges = fc.oneof(
  name.chain((each) => on("keys", (id, state) => renameApiKey(id, each, parentsOf(id, state)))),
  on("keys", (id, state) => revokeApiKey(id, parentsOf(id, state))),
);

const agentCreation = name.chain((each) => on("apps", (id) => createAgent(id, each)));
const agentUpdate = fc
  .record({
    name: maybe(name),
    description: maybe(text),
    instructions: maybe(text),
    versionOffset: fc.constantFrom(0, 0, 0, 0, -1, 1, undefined, undefined),
  })
  .chain(({ versionOffset, ...changes }) =>
    on("agents", (id, state) => {
      const agent = state.agents.get(id);
      const expectedVersion =
        versionOffset === undefined ? undefined : Math.max(1, (agent?.version ?? 1) + versionOffset);
      return updateAgent(id, { ...changes, expectedVersion }, agent?.appId);
    }),
  );
const agentDeletion = on("agents", (id, state) => deleteAgent(id, state.agents.get(id)?.appId));

const sessionChanges = fc.oneof(
  maybe(reference).chain((each) => on("apps", (id) => createSession(id, each))),
  reference.chain((each) => on("agents", (id, state) => executeAgent(id, each, state.agents.get(id)?.appId))),
  on("sessions", (id, state) => terminateSession({ id }, parentsOf(id, state))),
  reference.chain((each) => on("apps", (appId) => terminateSession({ appId, reference: each }, [appId]))),
);

const anyMutation: fc.Arbitrary<ToMutation> = fc.oneof(
  { arbitrary: appChanges, weight: 3 },
  { arbitrary: on("apps", (id) => deleteApp(id)), weight: 1 },
  { arbitrary: scopeChanges, weight: 4 },
  { arbitrary: scopeDeletion, weight: 2 },
  { arbitrary: keyCreation, weight: 3 },
  { arbitrary: keyChanges, weight: 4 },
  { arbitrary: agentCreation, weight: 2 },
  { arbitrary: agentUpdate, weight: 5 },
  { arbitrary: agentDeletion, weight: 1 },
  { arbitrary: sessionChanges, weight: 5 },
);

/** Groups of mutations that conflict with each other. */
const conflicting: fc.Arbitrary<ToMutation>[][] = [
  [appChanges],
  [on("apps", (id) => deleteApp(id)), agentCreation, keyCreation, sessionChanges, scopeChanges],
  [scopeChanges],
  [keyCreation, scopeDeletion],
  [keyCreation, keyChanges],
  [agentUpdate],
  [agentUpdate],
  [agentCreation, agentUpdate, agentDeletion],
  [sessionChanges],
];

const several = (mutations: readonly fc.Arbitrary<ToMutation>[]) =>
  fc.array(fc.record({ serverIndex: fc.nat(2), targetIndex: fc.nat(15), toMutation: fc.oneof(...mutations) }), {
    minLength: 2,
    maxLength: 4,
  });

/** A few commands to execute concurrently: mostly ones that conflict and have the same target. */
export const anyCommands: fc.Arbitrary<readonly Command[]> = fc.oneof(
  { arbitrary: several([anyMutation]), weight: 1 },
  {
    arbitrary: fc
      .tuple(fc.nat(15), fc.oneof(...conflicting.map(several)))
      .map(([targetIndex, commands]) => commands.map((command) => ({ ...command, targetIndex }))),
    weight: 4,
  },
);
