import { isDeepStrictEqual } from "node:util";
import type fc from "fast-check";
import type { Command, KnownIds } from "./commands";
import type { Administrators } from "./administrators";
import type { MutationCall, Outcome } from "./mutations";
import { classifyRace, type RaceCounters } from "./race-counters";
import { isActive, ModelState } from "./model-state";

export interface Model {
  state: ModelState;
  known: KnownIds;
}

/** The system under test, and the counters of what was tried. */
export interface Real {
  readonly administrators: Administrators;
  readonly races: RaceCounters;
}

/** One entry of the history. */
interface CompletedCall {
  readonly call: MutationCall;
  readonly outcome: Outcome;
}

/** Commands that administrators execute concurrently. Their history must be linearizable. */
export class ConcurrentCommand implements fc.AsyncCommand<Model, Real> {
  private history: readonly CompletedCall[] = [];

  constructor(
    private readonly commands: readonly Command[],
    private readonly transport: "overHttp" | "overWebSocket",
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, { administrators, races }: Real): Promise<void> {
    const calls = this.commands.flatMap(({ serverIndex, targetIndex, toMutation }) => {
      const call = toMutation(model.state, model.known, targetIndex);
      return call ? [{ serverIndex, call }] : [];
    });
    const race = classifyRace(calls.map(({ call }) => call));
    const startedAt = performance.now();
    try {
      const outcomes = await administrators[this.transport](calls);
      this.history = calls.map(({ call }, i) => ({ call, outcome: outcomes[i] }));
      const durationMs = performance.now() - startedAt;
      await this.checkLinearizable(model, administrators);
      if (calls.length > 1) races.passed(race, durationMs);
    } catch (error) {
      races.failed(race);
      throw error;
    }
  }

  toString(): string {
    const calls = this.history.map(
      ({ call, outcome }) => `${call.field}(${JSON.stringify(call.input)}) → ${format(outcome)}`,
    );
    return `${this.transport} [${calls.join(" | ")}]`;
  }

  /** @throws {Error} if no sequential order explains both the outcomes and the servers' state */
  private async checkLinearizable(model: Model, administrators: Administrators): Promise<void> {
    const possible = [...linearizations(model.state, this.history)];
    if (possible.length === 0) throw new Error(`No sequential order explains the outcomes of ${this.toString()}`);

    const known = addIds(model.known, possible);
    const actual = ModelState.empty();
    const serverIndex = this.commands[0]?.serverIndex ?? 0;
    for (const appId of known.apps) await administrators.readApp(serverIndex, appId, actual);
    const state = possible.find((each) => each.matches(actual.copy()));
    if (!state) {
      const expected = possible.map((each) => format(toJson(each))).join(" or ");
      throw new Error(`After ${this.toString()} the state is ${format(toJson(actual))}, but must be ${expected}`);
    }
    for (const [id, key] of actual.keys)
      state.keys.set(id, { ...state.keys.get(id), ...key, secret: state.keys.get(id)?.secret ?? "" });
    model.state = state;
    model.known = known;
  }
}

/** The final states of all sequential orders that produce the outcomes in the history. */
function* linearizations(state: ModelState, history: readonly CompletedCall[]): Generator<ModelState> {
  if (history.length === 0) yield state;
  for (const each of history) {
    const next = state.copy();
    const expected = each.call.apply(next, each.outcome);
    if (!isDeepStrictEqual(expected, each.outcome)) continue;
    yield* linearizations(
      next,
      history.filter((other) => other !== each),
    );
  }
}

function addIds(known: KnownIds, states: readonly ModelState[]): KnownIds {
  const all = (kind: Exclude<keyof KnownIds, "prefix">) => [
    ...new Set([...known[kind], ...states.flatMap((state) => [...state[kind].keys()])]),
  ];
  return {
    prefix: known.prefix,
    apps: all("apps"),
    scopes: all("scopes"),
    keys: all("keys"),
    agents: all("agents"),
    sessions: all("sessions"),
  };
}

/** Masks secrets. */
const format = (outcome: Outcome): string =>
  JSON.stringify(outcome, (name, value: unknown) => (name === "secret" ? "..." : value));

const toJson = (state: ModelState): object =>
  Object.fromEntries(
    Object.entries(state).map(([kind, map]) => [kind, Object.fromEntries(map as Map<string, unknown>)]),
  );

/** @throws {Error} if a key does not have the permissions of its scope, or is accepted after its revocation */
export async function verifyKeys({ state }: Model, { administrators }: Real): Promise<void> {
  let serverIndex = 0;
  for (const [id, key] of state.keys) {
    const actual = await administrators.permissionsOf(serverIndex++, key.secret);
    const expected = isActive(key) ? state.scopes.get(key.scopeId)?.permissions : undefined;
    if (isDeepStrictEqual(actual, expected)) continue;
    throw new Error(
      `The key ${id} has the permissions ${JSON.stringify(actual)}, but must have ${JSON.stringify(expected)}`,
    );
  }
}
