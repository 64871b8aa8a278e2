import { createHash, randomBytes } from "node:crypto";
import { type EntityManager, IsNull, LessThan, MoreThan } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { AdminCaller, AdministratorIdentity } from "../../auth/caller";
import type { Actor, AuditLog, Origin } from "../audit/audit-log";
import { actorOf } from "../audit/audit-trail";
import { notFound, unavailable } from "../../errors";
import type { Database } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { pageOf } from "../../platform/database/page-loader";
import type { Page, PageRequest } from "../../platform/database/pages";
import { PreparedQuery } from "../../platform/database/prepared-query";
import type { Keyring } from "../../platform/secrets/keyring";
import { ConsoleSession } from "./console-session.entity";

const hourMs = 60 * 60 * 1_000;

/** A session that was not used for this time is over. */
export const idleMs = 8 * hourMs;
/** A session is over after this time, however much it is used. */
export const lifetimeMs = 7 * 24 * hourMs;
/** The last use is stored with this precision. */
const useIntervalMs = 60_000;
/** The open sessions of one administrator; the oldest one ends for a new one. */
const maxOpen = 100;
/** Rows that are deleted by one statement. */
const batchSize = 250;

const proofPurpose = "root key of console sessions";
const tokenForm = /^[\w-]{43}$/;

/** The browser that has signed in. */
export interface Browser {
  readonly address: string;
  readonly userAgent: string;
  readonly requestId: string;
}

/** Keeps who is signed in at the console. Queries the database each time, so that the end of a session is immediate. */
export class ConsoleSessions {
  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly keyring: Keyring,
    private readonly adminKey: string,
    private readonly accessNotifier: AccessNotifier,
    private readonly auditLog: Pick<AuditLog, "record">,
  ) {}

  /** Signs an administrator in. @returns the token for the cookie, which is in no other answer */
  async open(caller: AdminCaller, { address, userAgent, requestId }: Browser) {
    const { name, identity, endsAt } = caller;
    const token = randomBytes(32).toString("base64url");
    const now = Date.now();
    const session: ConsoleSession = {
      id: newId(),
      digest: digestOf(token),
      administratorId: identity?.administratorId ?? null,
      keyVersion: identity?.keyVersion ?? null,
      rootProof: identity === null ? this.keyring.sign(this.adminKey, proofPurpose) : null,
      name,
      address,
      userAgent: userAgent.slice(0, 255),
      createdAt: new Date(now),
      lastSeenAt: new Date(now),
      expiresAt: new Date(Math.min(now + lifetimeMs, endsAt?.getTime() ?? Infinity)),
      endedAt: null,
    };
    const displaced = await this.db.transaction(async (manager) => {
      const open = await manager.find(ConsoleSession, {
        select: { id: true },
        where: openOf(identity),
        order: { id: "DESC" },
        skip: maxOpen - 1,
        take: batchSize,
      });
      for (const { id } of open) await manager.update(ConsoleSession, { id }, { endedAt: new Date() });
      await manager.insert(ConsoleSession, session);
      this.record(manager, "SIGN_IN", session, actorOf(caller), { address, requestId });
      return open;
    });
    for (const { id } of displaced) await this.accessNotifier.notify({ consoleSessionId: id });
    return { token, session };
  }

  /** @returns the session of a token, also one that is over; undefined if there was none. @throws UNAVAILABLE */
  async find(token: string): Promise<ConsoleSession | undefined> {
    if (!tokenForm.test(token)) return undefined;
    const digest = digestOf(token);
    // In turns by token, so that one that somebody made up can't delay the others.
    const { lookup } = this.db.inLane(digest.toString("base64"));
    const session = await byDigest.one(lookup, { digest }).catch(throwUnavailable);
    return session ?? undefined;
  }

  /** @returns undefined if the session is over. @throws UNAVAILABLE */
  async openById(id: string): Promise<ConsoleSession | undefined> {
    const session = await byId.one(this.db.lookup, { id }).catch(throwUnavailable);
    return session && this.isOpen(session) ? session : undefined;
  }

  /** The same as part of a transaction, which holds the session as it is until it ends. */
  async openWithin(manager: EntityManager, id: string): Promise<ConsoleSession | undefined> {
    const query = manager.createQueryBuilder(ConsoleSession, "session").where("session.id = :id", { id });
    const session = await this.db.share(query).getOne();
    return session && this.isOpen(session) ? session : undefined;
  }

  /** Whether the session is neither ended nor expired, nor was opened with another root key. */
  isOpen({ endedAt, expiresAt, lastSeenAt, rootProof }: ConsoleSession): boolean {
    const now = Date.now();
    const isCurrent = endedAt === null && expiresAt.getTime() > now && lastSeenAt.getTime() + idleMs > now;
    return isCurrent && (rootProof === null || this.keyring.hasSigned(this.adminKey, proofPurpose, rootProof));
  }

  /** Notes that a session is used, once a minute. */
  async noteUse({ id, lastSeenAt }: ConsoleSession): Promise<void> {
    const now = Date.now();
    if (lastSeenAt.getTime() > now - useIntervalMs) return;
    await this.db
      .transaction((manager) =>
        manager.update(ConsoleSession, { id, endedAt: IsNull() }, { lastSeenAt: new Date(now) }),
      )
      .catch(throwUnavailable);
  }

  /** Open sessions, the newest first. */
  list(page: PageRequest): Promise<Page<ConsoleSession>> {
    const [now, usedAfter] = [new Date(), new Date(Date.now() - idleMs)];
    const where = { endedAt: IsNull(), expiresAt: MoreThan(now), lastSeenAt: MoreThan(usedAfter) };
    return pageOf(this.db, ConsoleSession, where, page, "DESC");
  }

  /** Ends one session at once, on all instances. @throws NOT_FOUND */
  async end(id: string, actor: Actor, origin: Origin): Promise<ConsoleSession> {
    const session = await this.db.transaction(async (manager) => {
      const { affected } = await manager.update(ConsoleSession, { id, endedAt: IsNull() }, { endedAt: new Date() });
      const ended = await manager.findOneBy(ConsoleSession, { id });
      if (ended && affected === 1) this.record(manager, "SIGN_OUT", ended, actor, origin);
      return ended;
    });
    if (!session) throw notFound("session of the console");
    await this.accessNotifier.notify({ consoleSessionId: id });
    return session;
  }

  /** Ends all sessions of the administrator who has this one. */
  async endAllOf({ administratorId }: ConsoleSession, actor: Actor, origin: Origin): Promise<void> {
    const where = { administratorId: administratorId ?? IsNull(), endedAt: IsNull() };
    const ended = await this.db.transaction(async (manager) => {
      const open = await manager.find(ConsoleSession, { where, take: 2 * maxOpen });
      await manager.update(ConsoleSession, where, { endedAt: new Date() });
      for (const session of open) this.record(manager, "SIGN_OUT", session, actor, origin);
      return open;
    });
    for (const { id } of ended) await this.accessNotifier.notify({ consoleSessionId: id });
  }

  private record(
    manager: EntityManager,
    action: "SIGN_IN" | "SIGN_OUT",
    { id, administratorId, name, address, userAgent }: ConsoleSession,
    actor: Actor,
    origin: Origin,
  ): void {
    const session = { consoleSessionId: id, address, userAgent };
    const change = action === "SIGN_IN" ? { after: session } : { before: session };
    const target = { id: administratorId ?? "root", name };
    this.auditLog.record(manager, { appId: null, action, actor, origin, target, ...change });
  }
}

/** Deletes sessions that have expired; those that were ended earlier until then say that they were. */
export async function deleteExpiredConsoleSessions(db: Database, stop: AbortSignal): Promise<void> {
  for (;;) {
    stop.throwIfAborted();
    const expired = await db.read.find(ConsoleSession, {
      select: { id: true },
      where: { expiresAt: LessThan(new Date()) },
      take: batchSize,
    });
    if (expired.length === 0) return;
    await db.transaction((manager) =>
      manager.delete(
        ConsoleSession,
        expired.map(({ id }) => id),
      ),
    );
  }
}

const byDigest = new PreparedQuery(["digest"], (manager: EntityManager, values) =>
  manager.createQueryBuilder(ConsoleSession, "session").where("session.digest = :digest", values),
);
const byId = new PreparedQuery(["id"], (manager: EntityManager, values) =>
  manager.createQueryBuilder(ConsoleSession, "session").where("session.id = :id", values),
);

const openOf = (identity: AdministratorIdentity | null) => ({
  administratorId: identity?.administratorId ?? IsNull(),
  endedAt: IsNull(),
});

const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest();

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}
