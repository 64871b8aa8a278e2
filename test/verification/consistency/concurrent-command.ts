import { isDeepStrictEqual } from "node:util";
import type fc from "fast-check";
import type { Command, Seen } from "./commands";
import type { Administrators } from "./administrators";
import type { MutationCall, Outcome } from "./mutations";
import { kindOf, type RaceCounters } from "./race-counters";
import { isActive, World } from "./world";

/** What is known while acts follow each other. */
export interface Model {
  world: World;
  seen: Seen;
}

/** The servers, and where it is counted what was tried. */
export interface Real {
  readonly administrators: Administrators;
  readonly races: RaceCounters;
}

interface Told {
  readonly call: MutationCall;
  readonly outcome: Outcome;
}

/** Things that administrators do at once. What comes of them must be what would come of them one after the other, in some order. */
export class ConcurrentCommand implements fc.AsyncCommand<Model, Real> {
  private told: readonly Told[] = [];

  constructor(
    private readonly acts: readonly Command[],
    private readonly way: "byRequests" | "bySockets",
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, { administrators, races }: Real): Promise<void> {
    const called = this.acts.flatMap((act) => {
      const call = act.callIn(model.world, model.seen, act.which);
      return call ? [{ at: act.at, call }] : [];
    });
    const race = kindOf(called.map(({ call }) => call));
    const began = performance.now();
    try {
      const outcomes = await administrators[this.way](called);
      this.told = called.map(({ call }, i) => ({ call, outcome: outcomes[i] }));
      const slowest = performance.now() - began;
      await this.conclude(model, administrators);
      if (called.length > 1) races.held(race, slowest);
    } catch (error) {
      races.failed(race);
      throw error;
    }
  }

  toString(): string {
    const calls = this.told.map(
      ({ call, outcome }) => `${call.field}(${JSON.stringify(call.input)}) → ${shown(outcome)}`,
    );
    return `${this.way} [${calls.join(" | ")}]`;
  }

  /** @throws where no order explains what was answered and what there is now */
  private async conclude(model: Model, administrators: Administrators): Promise<void> {
    const possible = [...serially(model.world, this.told)];
    if (possible.length === 0) throw new Error(`In no order would be answered ${this.toString()}`);

    const seen = added(model.seen, possible);
    const found = World.empty();
    const at = this.acts[0]?.at ?? 0;
    for (const appId of seen.apps) await administrators.look(at, appId, found);
    const actual = possible.find((world) => world.isLike(found.copy()));
    if (!actual) {
      const must = possible.map((world) => shown(plain(world))).join(" or ");
      throw new Error(`After ${this.toString()} there is ${shown(plain(found))}, and must be ${must}`);
    }
    for (const [id, key] of found.keys)
      actual.keys.set(id, { ...actual.keys.get(id), ...key, secret: actual.keys.get(id)?.secret ?? "" });
    model.world = actual;
    model.seen = seen;
  }
}

/** The worlds that calls lead to one after the other, in every order in which they would be answered as they were. */
function* serially(world: World, told: readonly Told[]): Generator<World> {
  if (told.length === 0) yield world;
  for (const each of told) {
    const next = world.copy();
    const outcome = each.call.apply(next, each.outcome);
    if (!isDeepStrictEqual(outcome, each.outcome)) continue;
    yield* serially(
      next,
      told.filter((other) => other !== each),
    );
  }
}

function added(seen: Seen, worlds: readonly World[]): Seen {
  const all = (kind: Exclude<keyof Seen, "prefix">) => [
    ...new Set([...seen[kind], ...worlds.flatMap((world) => [...world[kind].keys()])]),
  ];
  return {
    prefix: seen.prefix,
    apps: all("apps"),
    scopes: all("scopes"),
    keys: all("keys"),
    agents: all("agents"),
    sessions: all("sessions"),
  };
}

/** Without secrets. */
const shown = (outcome: Outcome): string =>
  JSON.stringify(outcome, (name, value: unknown) => (name === "secret" ? "..." : value));

const plain = (world: World): object =>
  Object.fromEntries(
    Object.entries(world).map(([kind, map]) => [kind, Object.fromEntries(map as Map<string, unknown>)]),
  );

/** Sees that each key opens to its holder what its scope says, or nothing. @throws where it does not */
export async function tryKeys({ world }: Model, { administrators }: Real): Promise<void> {
  let at = 0;
  for (const [id, key] of world.keys) {
    const permissions = await administrators.permissionsOf(at++, key.secret);
    const granted = isActive(key) ? world.scopes.get(key.scopeId)?.permissions : undefined;
    if (isDeepStrictEqual(permissions, granted)) continue;
    throw new Error(`The key ${id} opens ${JSON.stringify(permissions)}, and must open ${JSON.stringify(granted)}`);
  }
}
