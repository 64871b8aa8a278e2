import type { EntityManager } from "typeorm";
import type { AdminCaller, AdministratorIdentity } from "../../auth/caller";
import { administratorRevoked, malformedCredential, unauthenticated, unavailable } from "../../errors";
import type { Database } from "../../platform/database/database";
import { PreparedQuery } from "../../platform/database/prepared-query";
import type { AdministratorDirectory } from "../api-key/authenticator";
import { digestOf, secretFault } from "../api-key/secret";
import { callerOf } from "./administrator-caller";
import { Administrator } from "./administrator.entity";
import type { OidcAdministrators } from "./oidc-administrators";

/** Finds administrators by name in the database, each time anew, so that every change of them is immediate. */
export class AdministratorAuthenticator implements AdministratorDirectory {
  /**
   * @param db must not be occupied by what callers do
   * @param oidc undefined if no issuer is configured
   */
  constructor(
    private readonly db: Database,
    private readonly oidc: Pick<OidcAdministrators, "ofToken"> | undefined,
  ) {}

  async ofSecret(secret: string): Promise<AdminCaller> {
    const fault = secretFault(secret);
    if (fault !== undefined) throw malformedCredential(fault);
    const digest = digestOf(secret);
    // In turns by secret, so that one that somebody made up can't delay the others.
    const { lookup } = this.db.inLane(digest.toString("base64"));
    const found = await byDigest.one(lookup, { digest }).catch(throwUnavailable);
    if (!found) throw unauthenticated();
    if (found.status !== "ACTIVE") throw administratorRevoked();
    return callerOf(found);
  }

  async ofToken(token: string, address: string): Promise<AdminCaller> {
    if (!this.oidc) throw unauthenticated();
    return this.oidc.ofToken(token, address);
  }

  async current(identity: AdministratorIdentity): Promise<AdminCaller | undefined> {
    const found = await byId.one(this.db.lookup, { id: identity.administratorId }).catch(throwUnavailable);
    return found && isStill(found, identity) ? callerOf(found) : undefined;
  }

  async currentOf(identities: readonly AdministratorIdentity[]): Promise<(AdminCaller | undefined)[]> {
    const ids = [...new Set(identities.map(({ administratorId }) => administratorId))];
    if (ids.length === 0) return [];
    const found = await this.db.read
      .createQueryBuilder(Administrator, "administrator")
      .where("administrator.id IN (:...ids)", { ids })
      .getMany()
      .catch(throwUnavailable);
    const rows = new Map(found.map((row) => [row.id, row]));
    return identities.map((identity) => {
      const row = rows.get(identity.administratorId);
      return row && isStill(row, identity) ? callerOf(row) : undefined;
    });
  }

  /** Locks the row against changes until the transaction ends. */
  async currentWithin(manager: EntityManager, identity: AdministratorIdentity): Promise<AdminCaller | undefined> {
    const query = manager
      .createQueryBuilder(Administrator, "administrator")
      .where("administrator.id = :id", { id: identity.administratorId });
    const found = await this.db.share(query).getOne();
    return found && isStill(found, identity) ? callerOf(found) : undefined;
  }
}

const byDigest = new PreparedQuery(["digest"], (manager: EntityManager, values) =>
  manager.createQueryBuilder(Administrator, "administrator").where("administrator.digest = :digest", values),
);
const byId = new PreparedQuery(["id"], (manager: EntityManager, values) =>
  manager.createQueryBuilder(Administrator, "administrator").where("administrator.id = :id", values),
);

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}

const isStill = ({ status, keyVersion }: Administrator, identity: AdministratorIdentity): boolean =>
  status === "ACTIVE" && keyVersion === identity.keyVersion;
