import type { TestCredential } from "../../support/client";

/** The ways in which rights are taken away. */
export const forms = ["revokeApiKey", "updateScope", "deleteScope", "deleteApp"] as const;
export type Form = (typeof forms)[number];

/** Rights that a key has until they are taken away, or for good. */
export class Rights {
  /** When it was first asked to take them away. */
  sentAt = Infinity;
  /** When that was answered with success. */
  answeredAt = Infinity;
}

/** A run that tells what time it is, for as long as it goes on. */
export interface Talk {
  readonly runId: string;
  /** Of the last event that anybody has read. */
  lastIndex: number;
}

/** What a client asks again and again. */
export interface Question {
  readonly credential: TestCredential;
  readonly query: string;
  readonly variables?: object;
  readonly rights: Rights;
}

/** What rights are taken away from, and who has them. */
export interface CredentialUnderTest {
  readonly form: Form;
  readonly appId: string;
  readonly scopeId: string;
  readonly keyId: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly rights: Rights;
  /** The keys that lose them. */
  readonly credentials: readonly TestCredential[];
  /** Asked with rights that will be taken away. */
  readonly lost: readonly Question[];
  /** Asked with rights that nobody touches, as near to those as can be. */
  readonly kept: readonly Question[];
}
