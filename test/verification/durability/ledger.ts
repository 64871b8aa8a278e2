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
  readonly scope: KnownScope;
  /** Undefined where the answer with it was lost. */
  readonly secret: string | undefined;
  /** When it was revoked, or true where that was not told. */
  revokedAt: string | true | undefined;
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

export interface KnownDocument {
  readonly id: string;
  readonly sha256: string;
}

export interface KnownSession {
  readonly id: string;
  readonly reference: string;
  isTerminated: boolean;
  documents: KnownDocument[];
  /** The digests of what may be there, once at most, as nobody was told. */
  readonly doubtful: Set<string>;
}

/** What an answer told of a run that had ended. */
export interface RunEnd {
  readonly status: string;
  readonly output: string | null;
  readonly finishedAt: string;
}

export interface KnownRun {
  readonly id: string;
  readonly session: KnownSession;
  /** What it was executed with, for asking again. */
  readonly input: { readonly idempotencyKey: string; readonly text: string; readonly [name: string]: unknown };
  readonly hasCallback: boolean;
  end: RunEnd | undefined;
  /** How often its callback has been posted at least, once all are. */
  postings: number;
}

/** An app of one writer, and all that was answered about it with success: what must be there, and nothing else. */
export class KnownApp {
  isDeleted = false;
  callbackSecret: string | undefined;
  scopes: KnownScope[] = [];
  /** Also the revoked ones. */
  readonly keys: KnownKey[] = [];
  agents: KnownAgent[] = [];
  connections: KnownConnection[] = [];
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
