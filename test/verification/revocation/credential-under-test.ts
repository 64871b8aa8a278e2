import type { TestCredential } from "../../support/client";

/** The mutations that take rights from keys. */
const keyRevocationKinds = ["revokeApiKey", "updateScope", "deleteScope", "deleteApp"] as const;
/** The mutations that take the key of an administrator. Runs that it has started go on. */
const administratorRevocationKinds = ["revokeAdministrator", "rotateAdministratorKey"] as const;
export const revocationKinds = [...keyRevocationKinds, ...administratorRevocationKinds] as const;
export type RevocationKind = (typeof revocationKinds)[number];

export const isOfAdministrator = (kind: RevocationKind): boolean =>
  (administratorRevocationKinds as readonly RevocationKind[]).includes(kind);

/** The rights of a credential. Both times stay Infinity if they are never revoked. */
export class Rights {
  /** When the revocation was first sent. */
  sentAt = Infinity;
  /** When the revocation was acknowledged. */
  answeredAt = Infinity;
}

/** A run that outputs the current time until it is cancelled. */
export interface ClockRun {
  readonly runId: string;
  /** The index of the last event that any stream delivered. */
  lastIndex: number;
}

/** A request that clients send repeatedly. */
export interface Probe {
  readonly credential: TestCredential;
  readonly query: string;
  readonly variables?: object;
  readonly rights: Rights;
}

/** One or two keys of a scope, or the key of an administrator, and the object whose mutation revokes their rights. */
export interface CredentialUnderTest {
  readonly kind: RevocationKind;
  readonly appId: string;
  readonly scopeId: string;
  /** The id of the first API key, or of the administrator. */
  readonly holderId: string;
  readonly sessionId: string;
  readonly agentId: string;
  /** An agent whose runs finish immediately. */
  readonly quickAgentId: string;
  readonly rights: Rights;
  /** The keys that lose their rights. */
  readonly credentials: readonly TestCredential[];
  /** Probes that must be refused after the revocation. */
  readonly revokedProbes: readonly Probe[];
  /** Probes with closely related rights that must keep succeeding. */
  readonly controlProbes: readonly Probe[];
}
