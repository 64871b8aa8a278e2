import { IsNull } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import { authorOf, type Caller, canReach } from "../../auth/caller";
import { conflict, notFound } from "../../errors";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import type { AuditTrail } from "../audit/audit-trail";
import { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";
import type { RotateApiKeyInput } from "./api-key.input";
import { insertTags } from "./api-key-tag.entity";
import { auditedKey, auditedNewKey } from "./audited-key";
import { endOfRotation, noteEndedKeys } from "./ended-keys";
import type { KeyDelegation } from "./key-delegation";
import { digestOf, hintOf, newSecret } from "./secret";
import { nameTaken } from "./api-key.service";

const maxNameChars = 120;

/** Replaces keys by successors, while both are valid for a time. */
export class KeyRotation {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly accessNotifier: AccessNotifier,
    private readonly audit: AuditTrail,
    private readonly delegation: KeyDelegation,
  ) {}

  /**
   * @throws NOT_FOUND
   * @throws CONFLICT if the key is revoked, or has a successor
   */
  async rotate({
    id,
    overlapSeconds,
    endOldOnFirstUse,
  }: RotateApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    await noteEndedKeys(this.db);
    const secret = newSecret();
    const apiKey = await this.db
      .transaction(async (manager) => {
        const found = await manager.findOneBy(ApiKey, { id });
        if (!found || !canReach(this.caller, found.appId)) throw notFound("API key");
        // The scope first, as every change of a key's holder locks it first.
        const scope = await this.db.lock(manager, Scope, { id: found.scopeId, deletedAt: IsNull() });
        if (scope) await this.delegation.checkScope(manager, scope);
        const old = scope && (await this.db.lock(manager, ApiKey, { id }));
        if (!old || old.status === "REVOKED")
          throw conflict("KEY_REVOKED", "This API key is revoked. Create another one.");
        if (old.successorId !== null)
          throw conflict("KEY_ROTATED", "This API key has a successor. Rotate the successor instead.");
        await this.delegation.checkAddresses(manager, old.scopeId, old.allowedAddresses);

        const now = new Date();
        const revokesAt = new Date(now.getTime() + overlapSeconds * 1_000);
        const successor = manager.create(ApiKey, {
          ...old,
          id: newId(),
          hint: hintOf(secret),
          digest: digestOf(secret),
          createdAt: now,
          createdBy: authorOf(this.caller),
          lastUsedAt: null,
          lastUsedFrom: null,
          predecessorId: id,
          endsOnUse: endOldOnFirstUse ? id : null,
        });
        const end = { successorId: successor.id, revokesAt };
        // The name is the successor's from now on, and names of active keys are unique.
        const changes =
          overlapSeconds === 0
            ? { ...end, revokedAt: now, ...endOfRotation, revokedBy: authorOf(this.caller) }
            : { ...end, name: replacedName(old) };
        await manager.update(ApiKey, { id }, changes);
        await manager.insert(ApiKey, successor);
        await insertTags(manager, successor);
        const after = auditedKey(manager.create(ApiKey, { ...old, ...changes }));
        const audited = { appId: old.appId, target: old, before: auditedKey(old), after };
        this.audit.record(manager, "ROTATE_API_KEY", audited);
        this.audit.record(manager, "CREATE_API_KEY", auditedNewKey(successor));
        return successor;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    await this.accessNotifier.notify({ keyId: id });
    return { apiKey, secret };
  }
}

/** Says which key it was by the end of its secret, which its hint has. */
function replacedName({ name, hint }: ApiKey): string {
  const suffix = ` (replaced, ${hint.slice(-5)})`;
  return Array.from(name)
    .slice(0, maxNameChars - suffix.length)
    .join("")
    .concat(suffix);
}
