import type { EntityManager } from "typeorm";
import {
  type AdminCaller,
  administrator,
  type Caller,
  type CallerLimits,
  canReach,
  type KeyCaller,
  unlimited,
} from "../../auth/caller";
import { grantsOf } from "../../auth/permissions";
import { ApiError, consoleSessionEnded, noSuchConsoleSession, unavailable } from "../../errors";
import type { Database } from "../../platform/database/database";
import type { AdministratorDirectory, ConsoleDirectory, Credential } from "../api-key/authenticator";
import { App } from "../app/app.entity";
import { Scope } from "../scope/scope.entity";
import type { ConsoleSession } from "./console-session.entity";
import type { ConsoleSessions } from "./console-sessions";

/**
 * Turns the session of a browser into a caller: the administrator as it is now, or what a key of a scope would be, for an
 * administrator who wants to see what a key is told.
 */
export class ConsoleAuthenticator implements ConsoleDirectory {
  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly sessions: ConsoleSessions,
    private readonly administrators: AdministratorDirectory,
  ) {}

  async ofToken({ secret, scopeId }: Credential): Promise<Caller> {
    const session = await this.sessions.find(secret);
    if (!session) throw noSuchConsoleSession();
    const caller = this.sessions.isOpen(session) ? await this.administratorOf(session) : undefined;
    if (!caller) throw consoleSessionEnded();
    await this.sessions.noteUse(session);
    if (scopeId === undefined) return caller;
    const scope = await this.db.read.findOneBy(Scope, { id: scopeId }).catch(throwUnavailable);
    if (!scope || scope.deletedAt !== null || !canReach(caller, scope.appId)) throw noSuchScope();
    if (caller.role !== "ADMIN") throw mayNotAct();
    const app = await this.db.read.findOneBy(App, { id: scope.appId }).catch(throwUnavailable);
    if (!app) throw noSuchScope();
    return asKeyOf(scope, caller, app.limits);
  }

  async current(caller: Caller): Promise<Caller | undefined> {
    if (!caller.console) return undefined;
    const session = await this.sessions.openById(caller.console.sessionId);
    const now = session && (await this.administratorOf(session));
    if (!now || caller.kind === "ADMIN") return now;
    const scope = await this.db.read.findOneBy(Scope, { id: caller.scopeId }).catch(throwUnavailable);
    return asBefore(caller, now, scope);
  }

  async currentWithin(manager: EntityManager, caller: Caller): Promise<Caller | undefined> {
    if (!caller.console) return undefined;
    const session = await this.sessions.openWithin(manager, caller.console.sessionId);
    const now = session && (await asOf(session, (identity) => this.administrators.currentWithin(manager, identity)));
    if (!now || caller.kind === "ADMIN") return now;
    const query = manager.createQueryBuilder(Scope, "scope").where("scope.id = :id", { id: caller.scopeId });
    return asBefore(caller, now, await this.db.share(query).getOne());
  }

  private administratorOf(session: ConsoleSession): Promise<AdminCaller | undefined> {
    return asOf(session, (identity) => this.administrators.current(identity));
  }
}

/** The administrator of a session as it is now. */
async function asOf(
  { id, administratorId, keyVersion, expiresAt }: ConsoleSession,
  find: AdministratorDirectory["current"],
): Promise<AdminCaller | undefined> {
  const identity = administratorId === null ? null : { administratorId, keyVersion: keyVersion ?? 0 };
  const caller = identity === null ? administrator : await find(identity);
  return caller && { ...caller, endsAt: expiresAt, console: { sessionId: id, identity } };
}

/** A caller with the scope's current permissions, unless the administrator may no longer act as the scope. */
function asBefore(caller: KeyCaller, now: AdminCaller, scope: Scope | null): KeyCaller | undefined {
  const isAllowed = scope && scope.deletedAt === null && canReach(now, scope.appId) && now.role === "ADMIN";
  return isAllowed ? asKeyOf(scope, now, caller.limits.app) : undefined;
}

function asKeyOf(scope: Scope, { name, endsAt, console }: AdminCaller, appLimits: CallerLimits["app"]): KeyCaller {
  const { permissions } = scope;
  return {
    kind: "API_KEY",
    name: `${name} as ${scope.name}`,
    granted: grantsOf(permissions),
    // No key has it. What is counted by key is counted by session.
    keyId: console?.sessionId ?? "",
    scopeId: scope.id,
    appId: scope.appId,
    sessions: permissions.sessions,
    // With anything but ALL, also with what a later version may know, the list alone decides.
    agentIds: permissions.agentAccess === "ALL" ? null : permissions.agentIds,
    limits: { key: unlimited.key, scope: scope.limits, app: appLimits },
    // The addresses are those of the scope's clients, where the administrator is not.
    allowedAddresses: [],
    endsAt,
    ...(console && { console }),
  };
}

const noSuchScope = () =>
  new ApiError("NOT_FOUND", "There is no such scope to act as (`x-latchkey-scope`). It may have been deleted.");
const mayNotAct = () =>
  new ApiError("FORBIDDEN", "Only an administrator with the role ADMIN in the scope's app may act as a scope.");

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}
