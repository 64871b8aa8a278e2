import { createHash } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { AdminCaller } from "../../auth/caller";
import type { AdministratorRole } from "../../auth/permissions";
import { administratorRevoked, malformedCredential, unauthenticated, unavailable } from "../../errors";
import { type Database, isDuplicate } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { PreparedQuery } from "../../platform/database/prepared-query";
import {
  InvalidTokenError,
  type OidcConfig,
  type TokenClaims,
  TokenVerifier,
} from "../../platform/oidc/token-verifier";
import type { AuditLog } from "../audit/audit-log";
import { actorOf, AuditTrail } from "../audit/audit-trail";
import { callerOf } from "./administrator-caller";
import { Administrator } from "./administrator.entity";
import { auditedNew, auditedUpdate } from "./audited-administrator";
import { checkCount, notRevoked } from "./administrator.service";

export interface OidcRoles extends OidcConfig {
  /** The first value that a token has decides. */
  readonly roleMap: readonly (readonly [value: string, role: AdministratorRole])[];
}

/** The changes that a newer token brings. */
interface News {
  readonly claims: TokenClaims;
  readonly role: AdministratorRole;
  readonly subjectDigest: Buffer;
  readonly address: string;
}

/**
 * Finds administrators by tokens of an OpenID Connect issuer. Each subject has a row, so that it can be revoked and
 * confined to apps, and so that an old token does not bring a former role back.
 */
export class OidcAdministrators {
  private readonly verifier = new TokenVerifier(this.config);

  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly config: OidcRoles,
    private readonly accessNotifier: AccessNotifier,
    private readonly auditLog: AuditLog,
  ) {}

  /**
   * @param address of the client, for the audit log
   * @throws UNAUTHENTICATED, with a reason only for a token that the issuer has issued for this server
   * @throws UNAVAILABLE if the issuer or the database does not answer
   */
  async ofToken(token: string, address: string): Promise<AdminCaller> {
    const claims = await this.verifier.verify(token).catch(asRefusal);
    const role = this.config.roleMap.find(([value]) => claims.roles.includes(value))?.[1];
    if (role === undefined) throw malformedCredential("TOKEN_WITHOUT_ROLE");
    const subjectDigest = digestOf(this.config.issuer, claims.subject);
    const known = await bySubject.one(this.db.lookup, { subjectDigest }).catch(throwUnavailable);
    const isSettled = known && (known.status !== "ACTIVE" || claims.issuedAt.getTime() <= issuedAtOf(known));
    const found = isSettled ? known : await this.note({ claims, role, subjectDigest, address });
    if (found.status !== "ACTIVE") throw administratorRevoked();
    // A newer token of the subject has another role, or one of the same second.
    if (found.role !== role) throw unauthenticated();
    return { ...callerOf(found), endsAt: claims.endsAt };
  }

  /** Stores what the newest token of a subject says. @returns the administrator as it is then */
  private async note(news: News): Promise<Administrator> {
    const { administrator, hasChanged } = await this.db
      .transaction((manager) => this.store(manager, news))
      .catch((error: unknown) => {
        if (!isDuplicate(error)) throw error;
        // Another request has inserted the row.
        return this.db.transaction((manager) => this.store(manager, news));
      });
    if (hasChanged) await this.accessNotifier.notify({ administratorId: administrator.id });
    return administrator;
  }

  private async store(
    manager: EntityManager,
    { claims, role, subjectDigest, address }: News,
  ): Promise<{ administrator: Administrator; hasChanged: boolean }> {
    const before = await this.db.lock(manager, Administrator, { subjectDigest });
    const said = { name: nameOf(claims), role, tokenIssuedAt: claims.issuedAt };
    if (before) {
      if (before.status !== "ACTIVE" || claims.issuedAt.getTime() <= issuedAtOf(before))
        return { administrator: before, hasChanged: false };
      const hasChanged = before.role !== role;
      await manager.update(Administrator, { id: before.id }, said);
      const after = manager.create(Administrator, { ...before, ...said });
      if (hasChanged || before.name !== after.name)
        this.trail(after, address).record(manager, "UPDATE_ADMINISTRATOR", auditedUpdate(before, after));
      return { administrator: after, hasChanged };
    }
    await checkCount(manager);
    const administrator = manager.create(Administrator, {
      id: newId(),
      ...said,
      activeName: null,
      appIds: null,
      status: "ACTIVE",
      digest: null,
      hint: null,
      keyVersion: 1,
      keyCreatedAt: null,
      issuer: this.config.issuer,
      subject: claims.subject,
      subjectDigest,
      createdAt: new Date(),
      createdBy: "OpenID Connect",
      ...notRevoked,
    });
    await manager.insert(Administrator, administrator);
    this.trail(administrator, address).record(manager, "CREATE_ADMINISTRATOR", auditedNew(administrator));
    return { administrator, hasChanged: false };
  }

  private trail(administrator: Administrator, address: string): AuditTrail {
    return new AuditTrail(this.auditLog, actorOf(callerOf(administrator)), { address, requestId: null });
  }
}

const bySubject = new PreparedQuery(["subjectDigest"], (manager: EntityManager, values) =>
  manager
    .createQueryBuilder(Administrator, "administrator")
    .where("administrator.subjectDigest = :subjectDigest", values),
);

const digestOf = (issuer: string, subject: string): Buffer =>
  createHash("sha256")
    .update(JSON.stringify([issuer, subject]))
    .digest();

const issuedAtOf = ({ tokenIssuedAt }: Administrator): number => tokenIssuedAt?.getTime() ?? 0;

/** With the subject, as whoever chooses a name at the issuer may choose somebody else's. */
function nameOf({ name = "OpenID Connect", subject }: TokenClaims): string {
  const shown = (text: string, maxChars: number) =>
    Array.from(text.normalize("NFC").replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]+/gu, " "))
      .slice(0, maxChars)
      .join("")
      .trim();
  return `${shown(name, 50)} (${shown(subject, 66)})`;
}

function asRefusal(error: unknown): never {
  if (!(error instanceof InvalidTokenError)) throw unavailable(error);
  throw error.isExpired ? malformedCredential("TOKEN_EXPIRED") : unauthenticated();
}

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}
