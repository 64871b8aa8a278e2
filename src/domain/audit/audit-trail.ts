import type { EntityManager } from "typeorm";
import type { Caller } from "../../auth/caller";
import type { AuditAction } from "./audit-action";
import type { Actor, AuditedAction, AuditLog, Origin } from "./audit-log";

/** Records what one actor does. */
export class AuditTrail {
  constructor(
    private readonly log: AuditLog,
    readonly actor: Actor,
    readonly origin: Origin,
  ) {}

  /**
   * Records a change as part of the transaction that makes it: there is no change without its entry, and no entry without
   * its change. Call it anywhere in the transaction; the entry is written at its end.
   */
  record(manager: EntityManager, action: AuditAction, audited: AuditedAction): void {
    this.log.record(manager, { ...audited, action, actor: this.actor, origin: this.origin });
  }
}

/** An administrator that acts as a scope is recorded as the administrator. */
export function actorOf(caller: Caller): Actor {
  const { name, console } = caller;
  if (caller.kind === "API_KEY" && !console) return { kind: "API_KEY", id: caller.keyId, name };
  const identity = caller.kind === "ADMIN" ? caller.identity : console?.identity;
  return { kind: "ADMINISTRATOR", id: identity?.administratorId ?? null, name };
}
