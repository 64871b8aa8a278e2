import { type EntityManager, In, IsNull } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import { ApiError, badInput, conflict, nameConflict, notFound } from "../../errors";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import { digestOf, hintOf, newAdministratorSecret } from "../api-key/secret";
import { App } from "../app/app.entity";
import type { AuditTrail } from "../audit/audit-trail";
import { Administrator } from "./administrator.entity";
import { auditedNew, auditedUpdate } from "./audited-administrator";
import type {
  AdministratorsArgs,
  CreateAdministratorInput,
  RevokeAdministratorInput,
  RotateAdministratorKeyInput,
  UpdateAdministratorInput,
} from "./administrator.input";

/** Active ones. Each change of administrators counts them. */
const maxAdministrators = 1_000;

const nameTaken = () => nameConflict("Another active administrator has this name. Choose another one.");

export class AdministratorService {
  private readonly byId = loaderById(this.db, Administrator);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly accessNotifier: AccessNotifier,
    private readonly audit: AuditTrail,
  ) {}

  list({ filter, ...page }: AdministratorsArgs): Promise<Page<Administrator>> {
    const { status, role } = filter ?? {};
    const where = { ...(status != null && { status }), ...(role != null && { role }) };
    return pageOf(this.db, Administrator, where, page, "ASC");
  }

  find(id: string): Promise<Administrator | null> {
    return this.byId.load(id);
  }

  async create({
    name,
    role,
    appIds,
  }: CreateAdministratorInput): Promise<{ administrator: Administrator; secret: string }> {
    const secret = newAdministratorSecret();
    const now = new Date();
    const administrator = await this.db
      .transaction(async (manager) => {
        await checkCount(manager);
        const row = manager.create(Administrator, {
          id: newId(),
          name,
          activeName: name,
          role,
          appIds: await existingApps(manager, appIds),
          status: "ACTIVE",
          ...keyOf(secret, now),
          keyVersion: 1,
          createdAt: now,
          createdBy: this.caller.name,
          ...unknownToIssuers,
          ...notRevoked,
        });
        await manager.insert(Administrator, row);
        this.audit.record(manager, "CREATE_ADMINISTRATOR", auditedNew(row));
        return row;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    return { administrator, secret };
  }

  async update({ id, name, role, appIds }: UpdateAdministratorInput): Promise<Administrator> {
    const updated = await this.db
      .transaction(async (manager) => {
        const before = await this.lockActive(manager, id);
        if (before.subject !== null && (name !== undefined || role !== undefined)) throw decidedByIssuer();
        const changes = {
          ...(name !== undefined && { name, activeName: name }),
          ...(role !== undefined && { role }),
          ...(appIds !== undefined && { appIds: await existingApps(manager, appIds) }),
        };
        if (Object.keys(changes).length > 0) await manager.update(Administrator, { id }, changes);
        const after = manager.create(Administrator, { ...before, ...changes });
        this.audit.record(manager, "UPDATE_ADMINISTRATOR", auditedUpdate(before, after));
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    await this.accessNotifier.notify({ administratorId: id });
    return updated;
  }

  async rotateKey({ id }: RotateAdministratorKeyInput): Promise<{ administrator: Administrator; secret: string }> {
    const secret = newAdministratorSecret();
    const administrator = await this.db.transaction(async (manager) => {
      const before = await this.lockActive(manager, id);
      if (before.subject !== null) throw decidedByIssuer();
      const changes = { ...keyOf(secret, new Date()), keyVersion: before.keyVersion + 1 };
      await manager.update(Administrator, { id }, changes);
      const after = manager.create(Administrator, { ...before, ...changes });
      this.audit.record(manager, "ROTATE_ADMINISTRATOR_KEY", auditedUpdate(before, after));
      return after;
    });
    await this.accessNotifier.notify({ administratorId: id });
    return { administrator, secret };
  }

  /** Final. A revoked administrator stays as it is. */
  async revoke({ id, reason }: RevokeAdministratorInput): Promise<Administrator> {
    const revocation = {
      status: "REVOKED",
      activeName: null,
      revokedAt: new Date(),
      revokedBy: this.caller.name,
      revokedReason: reason ?? null,
    } as const;
    const administrator = await this.db.transaction(async (manager) => {
      const before = await this.db.lock(manager, Administrator, { id });
      if (!before) throw notFound("administrator");
      if (before.revokedAt !== null) return before;
      await manager.update(Administrator, { id }, revocation);
      const after = manager.create(Administrator, { ...before, ...revocation });
      this.audit.record(manager, "REVOKE_ADMINISTRATOR", auditedUpdate(before, after));
      return after;
    });
    await this.accessNotifier.notify({ administratorId: id });
    return administrator;
  }

  private async lockActive(manager: EntityManager, id: string): Promise<Administrator> {
    const administrator = await this.db.lock(manager, Administrator, { id });
    if (!administrator) throw notFound("administrator");
    if (administrator.status !== "ACTIVE")
      throw conflict("ADMINISTRATOR_REVOKED", "This administrator is revoked. Create another one.");
    return administrator;
  }
}

const keyOf = (secret: string, keyCreatedAt: Date) => ({
  hint: hintOf(secret),
  digest: digestOf(secret),
  keyCreatedAt,
});

/** The columns of one that is not revoked. */
export const notRevoked = { revokedAt: null, revokedBy: null, revokedReason: null };
const unknownToIssuers = { issuer: null, subject: null, subjectDigest: null, tokenIssuedAt: null };

const decidedByIssuer = () =>
  conflict(
    "DECIDED_BY_ISSUER",
    "An OpenID Connect issuer decides the name, the role and the credentials of this administrator. Change them there; only `appIds` can be changed here.",
  );

/** @throws BAD_USER_INPUT if one of them does not exist */
async function existingApps(manager: EntityManager, appIds: readonly string[] | null | undefined) {
  if (appIds == null) return null;
  const ids = [...new Set(appIds)];
  const found = await manager.countBy(App, { id: In(ids), deletedAt: IsNull() });
  if (found < ids.length) throw badInput({ field: "input.appIds", message: "must be apps that exist" });
  return ids;
}

/** @throws LIMIT_REACHED */
export async function checkCount(manager: EntityManager): Promise<void> {
  const used = await manager.countBy(Administrator, { status: "ACTIVE" });
  if (used < maxAdministrators) return;
  throw new ApiError(
    "LIMIT_REACHED",
    `There may be ${maxAdministrators.toLocaleString("en")} active administrators. Revoke one that is no longer needed.`,
    { extensions: { limit: "administrators", allowed: maxAdministrators, used, availableAt: null } },
  );
}
