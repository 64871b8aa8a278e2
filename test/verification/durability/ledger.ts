import type { TestPermissions } from "../../support/test-app";

export interface KnownScope {
  readonly id: string;
  name: string;
  description: string;
  permissions: Required<TestPermissions>;
}

export interface KnownKey {
  readonly id: string;
  name: string;
  tokensPerDay: number | null;
  readonly scope: KnownScope;
  /** Undefined if the response that contained it was lost. */
  readonly secret: string | undefined;
  /** The time of the revocation, or true if no response contained it. */
  revokedAt: string | true | undefined;
}

export interface KnownAdministrator {
  readonly id: string;
  name: string;
  role: "ADMIN" | "KEY_MANAGER" | "AUDITOR";
  /** Undefined if the response that contained it was lost. */
  secret: string | undefined;
  isRevoked: boolean;
}

export interface KnownAgent {
  readonly id: string;
  readonly name: string;
  description: string;
  model: string;
  version: number;
}

export interface KnownConnection {
  readonly id: string;
  name: string;
  apiKey: string;
}

export interface KnownToolServer {
  readonly id: string;
  name: string;
  /** The value of its only header. */
  headerValue: string;
}

export interface KnownDocument {
  readonly id: string;
  readonly sha256: string;
}

export interface KnownSession {
  readonly id: string;
  readonly reference: string;
  isTerminated: boolean;
  documents: KnownDocument[];
  /** The digests of uploads without a response: each is stored once or not at all. */
  readonly indeterminate: Set<string>;
}

/** The final state of a run, as a response reported it. */
export interface RunEnd {
  readonly status: string;
  readonly output: string | null;
  readonly finishedAt: string;
}

export interface KnownRun {
  readonly id: string;
  readonly session: KnownSession;
  /** The input of the execution, for sending it again. */
  readonly input: { readonly idempotencyKey: string; readonly text: string; readonly [name: string]: unknown };
  readonly hasCallback: boolean;
  end: RunEnd | undefined;
  /** The minimum number of times that its callback is delivered. */
  minDeliveries: number;
}

/** An app of one writer, and every write to it that was acknowledged: the exact state that must be read back. */
export class KnownApp {
  isDeleted = false;
  callbackSecret: string | undefined;
  scopes: KnownScope[] = [];
  /** Including the revoked ones. */
  readonly keys: KnownKey[] = [];
  /** Those who are confined to the app. */
  readonly administrators: KnownAdministrator[] = [];
  agents: KnownAgent[] = [];
  connections: KnownConnection[] = [];
  toolServers: KnownToolServer[] = [];
  readonly sessions: KnownSession[] = [];
  readonly runs: KnownRun[] = [];

  constructor(
    readonly id: string,
    public name: string,
    public description: string,
  ) {}

  activeKeysOf(scope: KnownScope): KnownKey[] {
    return this.keys.filter((key) => key.scope === scope && key.revokedAt === undefined);
  }

  agentsOf({ name }: KnownConnection): KnownAgent[] {
    return this.agents.filter(({ model }) => model.startsWith(`${name}/`));
  }
}
