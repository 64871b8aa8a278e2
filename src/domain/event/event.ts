import type { AuditAction } from "../audit/audit-action";
import type { Actor } from "../audit/audit-log";

/** The entries of the audit log that are events too, and the types that these have. */
export const eventTypes: { readonly [Action in AuditAction]?: string } = {
  CREATE_SCOPE: "scope.created",
  UPDATE_SCOPE: "scope.updated",
  DELETE_SCOPE: "scope.deleted",
  CREATE_API_KEY: "api_key.created",
  UPDATE_API_KEY: "api_key.updated",
  ROTATE_API_KEY: "api_key.rotated",
  REVOKE_API_KEY: "api_key.revoked",
  END_API_KEY: "api_key.revoked",
  REVOKE_API_KEYS: "api_keys.revoked",
  REFUSE_REVOKED_KEY: "api_key.used_after_revocation",
  TRIP_API_KEY: "api_key.tripwire_used",
};

export const limitWarningType = "app.limit_almost_reached";

/** The subject of an event. */
export interface EventSubject {
  readonly type: "APP" | "SCOPE" | "API_KEY";
  readonly id: string;
  readonly name: string;
}

/** A limit of which 80 % are used. */
export interface LimitUse {
  readonly name: string;
  readonly max: number;
  readonly used: number;
}

export interface NewEvent {
  readonly appId: string;
  readonly type: string;
  readonly at: Date;
  readonly subject: EventSubject;
  readonly actor: Actor;
  /** How often it has happened in the minute that the event is about. */
  readonly occurrences?: number;
  readonly limit?: LimitUse;
}

/** The JSON that is posted. It has nothing that is secret. */
export function bodyOf(
  id: string,
  app: { readonly id: string; readonly name: string },
  { type, at, subject, actor, occurrences = 1, limit }: NewEvent,
  hint: string | null,
): string {
  return JSON.stringify({
    id,
    type,
    timestamp: at,
    data: {
      app: { id: app.id, name: app.name },
      subject: { type: subject.type, id: subject.id, name: subject.name, hint },
      actor: { kind: actor.kind, id: actor.id, name: actor.name },
      occurrences,
      ...(limit && { limit }),
    },
  });
}
