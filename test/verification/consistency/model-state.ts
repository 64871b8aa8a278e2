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
  /** `unknownTime` if another mutation revoked the key, such as the deletion of its scope. */
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

/** A time that no response contains. */
export const unknownTime = "unknown";

/** The state that the servers must be in if the mutations were executed one after the other. */
export class ModelState {
  private constructor(
    readonly apps: Map<string, App>,
    readonly scopes: Map<string, Scope>,
    readonly keys: Map<string, Key>,
    readonly agents: Map<string, Agent>,
    readonly sessions: Map<string, Session>,
  ) {}

  static empty(): ModelState {
    return new ModelState(new Map(), new Map(), new Map(), new Map(), new Map());
  }

  /** A shallow copy is enough, because the objects are immutable. */
  copy(): ModelState {
    const { apps, scopes, keys, agents, sessions } = this;
    return new ModelState(new Map(apps), new Map(scopes), new Map(keys), new Map(agents), new Map(sessions));
  }

  /** Whether an app other than `exceptId` has this name. */
  hasApp(name: string, exceptId?: string): boolean {
    return some(this.apps, (app, id) => app.name === name && id !== exceptId);
  }

  hasScope(appId: string, name: string, exceptId?: string): boolean {
    return some(this.scopes, (scope, id) => scope.appId === appId && scope.name === name && id !== exceptId);
  }

  hasActiveKey(scopeId: string, name: string, exceptId?: string): boolean {
    return some(
      this.keys,
      (key, id) => key.scopeId === scopeId && isActive(key) && key.name === name && id !== exceptId,
    );
  }

  hasAgent(appId: string, name: string, exceptId?: string): boolean {
    return some(this.agents, (agent, id) => agent.appId === appId && agent.name === name && id !== exceptId);
  }

  /** @returns the id of the session */
  activeSession(appId: string, reference: string): string | undefined {
    return [...this.sessions].find(
      ([, each]) => each.appId === appId && each.reference === reference && each.terminatedAt === null,
    )?.[0];
  }

  /** Whether the servers' state equals this one, except for unknown times. */
  matches(actual: ModelState): boolean {
    const keys = new Map([...this.keys].map(([id, key]) => [id, asRead(key, actual.keys.get(id))]));
    return isDeepStrictEqual({ ...this, keys }, { ...actual });
  }

  deleteApp(id: string): void {
    this.apps.delete(id);
    for (const map of [this.scopes, this.keys, this.agents, this.sessions]) {
      for (const [key, { appId }] of map) if (appId === id) map.delete(key);
    }
  }
}

/** A key as a query returns it: without its secret, and with the actual time if the time is unknown. */
const asRead = (key: Key, actual: Key | undefined): Key => ({
  ...key,
  secret: "",
  revokedAt: key.revokedAt === unknownTime ? (actual?.revokedAt ?? unknownTime) : key.revokedAt,
});

export const isActive = ({ revokedAt }: Key): boolean => revokedAt === null;

const some = <Value>(map: Map<string, Value>, matches: (value: Value, id: string) => boolean): boolean =>
  [...map].some(([id, value]) => matches(value, id));
