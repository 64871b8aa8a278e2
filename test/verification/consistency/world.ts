import { isDeepStrictEqual } from "node:util";
import type { TestPermissions } from "../../support/test-app";

export interface App {
  readonly name: string;
  readonly limits: { readonly runsAtOnce: number | null; readonly queuedRuns: number | null };
}

export interface Scope {
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: Required<TestPermissions>;
}

export interface Key {
  readonly appId: string;
  readonly scopeId: string;
  readonly name: string;
  readonly secret: string;
  /** `sometime` where that was another call's doing, which did not say. */
  readonly revokedAt: string | null;
}

export interface Agent {
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  readonly version: number;
}

export interface Session {
  readonly appId: string;
  readonly reference: string | null;
  readonly terminatedAt: string | null;
}

/** When something happened that no answer has told. */
export const sometime = "sometime";

/** What administrators have made of it so far, as it would be if each had waited for the others. */
export class World {
  private constructor(
    readonly apps: Map<string, App>,
    readonly scopes: Map<string, Scope>,
    readonly keys: Map<string, Key>,
    readonly agents: Map<string, Agent>,
    readonly sessions: Map<string, Session>,
  ) {}

  static empty(): World {
    return new World(new Map(), new Map(), new Map(), new Map(), new Map());
  }

  /** What is kept in it is never changed, but replaced. */
  copy(): World {
    const { apps, scopes, keys, agents, sessions } = this;
    return new World(new Map(apps), new Map(scopes), new Map(keys), new Map(agents), new Map(sessions));
  }

  /** Whether another app has this name. */
  hasApp(name: string, except?: string): boolean {
    return some(this.apps, (app, id) => app.name === name && id !== except);
  }

  hasScope(appId: string, name: string, except?: string): boolean {
    return some(this.scopes, (scope, id) => scope.appId === appId && scope.name === name && id !== except);
  }

  hasActiveKey(scopeId: string, name: string, except?: string): boolean {
    return some(this.keys, (key, id) => key.scopeId === scopeId && isActive(key) && key.name === name && id !== except);
  }

  hasAgent(appId: string, name: string, except?: string): boolean {
    return some(this.agents, (agent, id) => agent.appId === appId && agent.name === name && id !== except);
  }

  activeSession(appId: string, reference: string): string | undefined {
    return [...this.sessions].find(
      ([, each]) => each.appId === appId && each.reference === reference && each.terminatedAt === null,
    )?.[0];
  }

  /** Whether it is what was found, as far as it is known. */
  isLike(found: World): boolean {
    const keys = new Map([...this.keys].map(([id, key]) => [id, asFound(key, found.keys.get(id))]));
    return isDeepStrictEqual({ ...this, keys }, { ...found });
  }

  removeApp(id: string): void {
    this.apps.delete(id);
    for (const map of [this.scopes, this.keys, this.agents, this.sessions]) {
      for (const [key, { appId }] of map) if (appId === id) map.delete(key);
    }
  }
}

/** A key as it would be found, where the one that was found tells what is not known of it. */
const asFound = (key: Key, found: Key | undefined): Key => ({
  ...key,
  secret: "",
  revokedAt: key.revokedAt === sometime ? (found?.revokedAt ?? sometime) : key.revokedAt,
});

export const isActive = ({ revokedAt }: Key): boolean => revokedAt === null;

const some = <Thing>(map: Map<string, Thing>, fits: (thing: Thing, id: string) => boolean): boolean =>
  [...map].some(([id, thing]) => fits(thing, id));
