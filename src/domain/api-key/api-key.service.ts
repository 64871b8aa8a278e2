import { type FindOptionsWhere, IsNull, Not } from "typeorm";
import type { AppService } from "../app/app.service";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, PageLoader, pageOf } from "../../platform/database/page-loader";
import { conflict, notFound } from "../../errors";
import { Scope } from "../scope/scope.entity";
import type { DeleteScopeInput } from "../scope/scope.input";
import { ApiKey, type ApiKeyStatus } from "./api-key.entity";
import type { ApiKeysArgs, CreateApiKeyInput, RenameApiKeyInput, ScopeApiKeysArgs } from "./api-key.input";
import { digestOf, hintOf, newSecret } from "./secret";

const nameTaken = () =>
  conflict("Another active key of this scope has this name. Choose another one, or revoke that key first.");

export class ApiKeyService {
  private readonly byId = loaderById(this.db.read, ApiKey);
  private readonly byScope = new PageLoader(this.db.read, ApiKey, "scopeId", "DESC");

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly accessNotifier: AccessNotifier,
  ) {}

  async list({ appId, scopeId, status, ...page }: ApiKeysArgs): Promise<Page<ApiKey>> {
    await this.appService.get(appId);
    const where = { appId, ...(scopeId == null ? {} : { scopeId }), ...withStatus(status) };
    return pageOf(this.db.read, ApiKey, where, page, "DESC");
  }

  listOf(scope: Scope, { status, ...page }: ScopeApiKeysArgs): Promise<Page<ApiKey>> {
    return this.byScope.load(scope.id, page, status ?? "", withStatus(status));
  }

  find(id: string): Promise<ApiKey | null> {
    return this.byId.load(id);
  }

  async create({ scopeId, name }: CreateApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    const secret = newSecret();
    const apiKey = await this.db
      .transaction(async (manager) => {
        const scope = await this.db.lock(manager, Scope, { id: scopeId, deletedAt: IsNull() });
        if (!scope) throw notFound("scope");
        const row = manager.create(ApiKey, {
          id: newId(),
          appId: scope.appId,
          scopeId,
          name,
          hint: hintOf(secret),
          digest: digestOf(secret),
          createdAt: new Date(),
          lastUsedAt: null,
          revokedAt: null,
          revokedBy: null,
        });
        await manager.insert(ApiKey, row);
        return row;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    return { apiKey, secret };
  }

  async rename({ id, name }: RenameApiKeyInput): Promise<ApiKey> {
    return this.db
      .transaction(async (manager) => {
        const { affected } = await manager.update(ApiKey, { id }, { name });
        if (!affected) throw notFound("API key");
        return manager.findOneByOrFail(ApiKey, { id });
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  /** Final. Revoking a revoked key changes nothing. */
  async revoke(id: string): Promise<ApiKey> {
    const apiKey = await this.db.transaction(async (manager) => {
      await manager.update(ApiKey, { id, revokedAt: IsNull() }, this.revocation());
      return manager.findOneBy(ApiKey, { id });
    });
    if (!apiKey) throw notFound("API key");
    await this.accessNotifier.notify({ keyId: id });
    return apiKey;
  }

  /** Deletes a scope, and revokes its keys if the input says so, in one transaction. */
  async deleteScope({ id, revokeKeys }: DeleteScopeInput): Promise<void> {
    await this.db.transaction(async (manager) => {
      const scope = await this.db.lock(manager, Scope, { id, deletedAt: IsNull() });
      if (!scope) throw notFound("scope");

      const active = { scopeId: id, revokedAt: IsNull() };
      if (revokeKeys) await manager.update(ApiKey, active, this.revocation());
      const activeCount = await manager.countBy(ApiKey, active);
      if (activeCount > 0) {
        throw conflict(
          `This scope has ${activeCount} active ${activeCount === 1 ? "key" : "keys"}. Revoke them first, or pass \`revokeKeys: true\`.`,
        );
      }
      await manager.update(Scope, { id }, { deletedAt: new Date() });
    });
    await this.accessNotifier.notify({ scopeId: id });
  }

  private revocation() {
    return { revokedAt: new Date(), revokedBy: this.caller.name };
  }
}

function withStatus(status: ApiKeyStatus | null | undefined): FindOptionsWhere<ApiKey> {
  switch (status) {
    case "ACTIVE":
      return { revokedAt: IsNull() };
    case "REVOKED":
      return { revokedAt: Not(IsNull()) };
    default:
      return {};
  }
}
