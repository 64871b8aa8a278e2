import type { EntityManager } from "typeorm";
import type { Caller, KeyCaller } from "../../auth/caller";
import { excessOf } from "../../auth/delegation";
import { delegationRefused, notFound } from "../../errors";
import type { Database } from "../../platform/database/database";
import { isWithin } from "../../platform/inbound/address-list";
import { appFilter } from "../app/app-filter";
import { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";

/**
 * Decides which keys a caller may change: an administrator those of its apps, and a key those of other scopes that grant
 * no more than its own scope does at that moment. Nothing that it decides on changes before the transaction ends.
 */
export class KeyDelegation {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
  ) {}

  /** Locks a key that the caller may change. @throws NOT_FOUND; FORBIDDEN */
  async lock(manager: EntityManager, id: string): Promise<ApiKey> {
    const reachable = { id, ...appFilter(this.caller) };
    if (this.caller.kind === "API_KEY") {
      const found = await manager.findOne(ApiKey, { where: reachable, select: { id: true, scopeId: true } });
      if (!found) throw notFound("API key");
      // The scope first, as every change of a key's holder locks it first.
      const query = manager.createQueryBuilder(Scope, "scope").where("scope.id = :id", { id: found.scopeId });
      await this.checkScope(manager, await this.db.share(query).getOne());
    }
    const apiKey = await this.db.lock(manager, ApiKey, reachable);
    if (!apiKey) throw notFound("API key");
    return apiKey;
  }

  /** @param scope is locked. @throws FORBIDDEN if the caller may not manage the keys of the scope */
  async checkScope(manager: EntityManager, scope: Scope | null): Promise<void> {
    const { caller } = this;
    if (caller.kind !== "API_KEY") return;
    if (!scope) throw notFound("scope");
    if (scope.id === caller.scopeId) throw ofOwnScope();
    const excess = excessOf(scope.permissions, (await this.ownScope(manager, caller)).permissions);
    if (excess.length > 0) throw beyondOwnRights(excess);
  }

  /**
   * A key that may be used from where the caller may not is a right that the caller lacks. The addresses of a scope hold
   * for its keys too, so it is enough if one of both lists is within what the caller has.
   *
   * @throws FORBIDDEN
   */
  async checkAddresses(manager: EntityManager, scopeId: string, ofKey: readonly string[]): Promise<void> {
    const { caller } = this;
    if (caller.kind !== "API_KEY") return;
    const scope = await manager.findOneByOrFail(Scope, { id: scopeId });
    const own = await this.ownAddresses(manager, caller);
    const exceeded = own.filter((list) => ![scope.allowedAddresses, ofKey].some((each) => isWithin(each, list)));
    if (exceeded.length > 0) throw beyondOwnAddresses(exceeded.flat());
  }

  private async ownAddresses(manager: EntityManager, caller: KeyCaller): Promise<readonly (readonly string[])[]> {
    // An administrator who acts as a scope has no key, and may come from anywhere.
    if (caller.console) return [];
    const key = await manager.findOneByOrFail(ApiKey, { id: caller.keyId });
    const scope = await this.ownScope(manager, caller);
    return [scope.allowedAddresses, key.allowedAddresses].filter((list) => list.length > 0);
  }

  /** As it is now: the guard of the transaction has locked it, and the caller is as of the begin of the request. */
  private ownScope(manager: EntityManager, { scopeId }: KeyCaller): Promise<Scope> {
    return manager.findOneByOrFail(Scope, { id: scopeId });
  }
}

const ofOwnScope = () =>
  delegationRefused(
    "OWN_SCOPE",
    "A key may not manage keys of its own scope, nor itself. Ask an administrator, or a key of another scope that may.",
    { required: "admin" },
  );

const beyondOwnRights = (excess: readonly string[]) =>
  delegationRefused(
    "BEYOND_OWN_RIGHTS",
    `This key may manage keys only of scopes that grant no more than its own scope. This scope also grants: ${excess.join(", ")}. Ask an administrator.`,
    { required: excess.join(" and ") },
  );

const beyondOwnAddresses = (allowedAddresses: readonly string[]) =>
  delegationRefused(
    "BEYOND_OWN_ADDRESSES",
    `This key may hand out keys only for addresses that it may be used from itself. Give the key \`allowedAddresses\` within ${allowedAddresses.join(", ")}.`,
    { required: "allowedAddresses", allowedAddresses },
  );
