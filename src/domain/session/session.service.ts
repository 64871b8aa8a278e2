import { And, type EntityManager, type FindOperator, type FindOptionsWhere, LessThan, MoreThan } from "typeorm";
import type { AppService } from "../app/app.service";
import { assertAppExists, ownedBy } from "../app/app.service";
import type { Caller } from "../../auth/caller";
import { type Database, isDuplicate, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, PageLoader, pageOf } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { ApiError, badInput, conflict, notFound } from "../../errors";
import { Message } from "./message.entity";
import { Session } from "./session.entity";
import type { CreateSessionInput, SessionFilter, SessionRefInput, TerminateSessionInput } from "./session.input";

export const sessionTerminated = () =>
  new ApiError(
    "SESSION_TERMINATED",
    "This session has been terminated. Open another one; its reference can be used again.",
  );

const referenceTaken = () =>
  conflict("An active session of this app has this reference. Use it, or terminate it first.");

export class SessionService {
  private readonly byId = loaderById(this.db.read, Session);
  private readonly messagesOf = new PageLoader(this.db.read, Message, "sessionId", "ASC");

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
  ) {}

  async list(
    appId: string | null | undefined,
    filter: SessionFilter | null | undefined,
    page: PageArgs,
  ): Promise<Page<Session>> {
    const where = { appId: await this.appService.resolve(appId, "appId"), ...conditionsOf(filter ?? {}) };
    return pageOf(this.db.read, Session, where, page, "DESC");
  }

  async find(id: string): Promise<Session | null> {
    const session = await this.byId.load(id);
    return session && (this.caller.kind === "ADMIN" || session.appId === this.caller.appId) ? session : null;
  }

  /** The session that another row refers to, which therefore exists and belongs to the app of that row. */
  async get(id: string): Promise<Session> {
    const session = await this.byId.load(id);
    if (!session) throw notFound("session");
    return session;
  }

  messages(session: Session, page: PageArgs): Promise<Page<Message>> {
    return this.messagesOf.load(session.id, page);
  }

  async create({ appId, ...input }: CreateSessionInput): Promise<Session> {
    const session = newSession(await this.appService.resolve(appId, "input.appId"), input);
    await this.db
      .transaction(async (manager) => {
        await manager.insert(Session, session);
        await assertAppExists(manager, session.appId);
      })
      .catch(translateConstraintErrors({ duplicate: referenceTaken, orphan: () => notFound("app") }));
    return session;
  }

  /**
   * Finds the session to execute in by the rules of SessionRefInput, or opens it. Locks it until the transaction ends, so
   * that it stays as it was checked.
   *
   * @throws NOT_FOUND, SESSION_TERMINATED
   */
  async lockOrOpen(
    manager: EntityManager,
    appId: string,
    reference: SessionRefInput,
  ): Promise<{ session: Session; created: boolean }> {
    if (reference.id != null) {
      const session = await this.db.lock(manager, Session, { id: reference.id, appId });
      if (!session || !isOwner(session, reference)) throw notFound("session");
      if (session.status === "TERMINATED") throw sessionTerminated();
      return { session, created: false };
    }
    if (reference.reference != null) {
      const session = await this.lockActive(manager, appId, reference.reference);
      if (session) return { session: this.ownedSession(session, reference), created: false };
    }
    const opened = newSession(appId, reference);
    try {
      await manager.insert(Session, opened);
      await assertAppExists(manager, appId);
      return { session: opened, created: true };
    } catch (error) {
      if (!isDuplicate(error) || reference.reference == null) throw error;
    }
    // Another transaction opened it between the two statements.
    const session = await this.lockActive(manager, appId, reference.reference);
    if (!session) throw referenceTaken();
    return { session: this.ownedSession(session, reference), created: false };
  }

  /** Finds the session to terminate, whatever its status. An active one stays locked until the transaction ends. */
  async lockForTermination(
    manager: EntityManager,
    input: TerminateSessionInput,
    appId: string | undefined,
  ): Promise<Session> {
    const { id, reference } = input;
    if (id != null) {
      const owned = appId === undefined ? ownedBy(this.caller) : { appId };
      const session = await this.db.lock(manager, Session, { id, ...owned });
      if (session) return session;
    } else if (reference != null && appId !== undefined) {
      const active = await this.lockActive(manager, appId, reference);
      if (active) return active;
      // Terminating it again changes nothing, so the newest session with the reference is the one that is meant.
      const newest = await manager.findOne(Session, {
        where: { appId, reference, status: "TERMINATED" },
        order: { id: "DESC" },
      });
      if (newest) return newest;
    }
    throw notFound("session");
  }

  /** The app of a termination: the given one or that of the key; undefined if an administrator gives only an id. */
  async appOfTermination({ id, reference, appId }: TerminateSessionInput): Promise<string | undefined> {
    if ((id == null) === (reference == null)) {
      throw badInput({ field: "input", message: "must have exactly one of `id` and `reference`" });
    }
    const isNeeded = appId != null || reference != null || this.caller.kind === "API_KEY";
    return isNeeded ? this.appService.resolve(appId, "input.appId") : undefined;
  }

  /** By the column with a unique index, so that MySQL locks this row only. */
  private lockActive(manager: EntityManager, appId: string, activeReference: string): Promise<Session | null> {
    return this.db.lock(manager, Session, { appId, activeReference });
  }

  private ownedSession(session: Session, reference: SessionRefInput): Session {
    if (!isOwner(session, reference)) throw notFound("session");
    return session;
  }
}

function newSession(appId: string, { reference, userReference, metadata }: Omit<CreateSessionInput, "appId">): Session {
  const now = new Date();
  return {
    id: newId(),
    appId,
    reference: reference ?? null,
    userReference: userReference ?? null,
    metadata: metadata ?? null,
    status: "ACTIVE",
    createdAt: now,
    lastActivityAt: now,
    terminatedAt: null,
  };
}

const isOwner = (session: Session, { userReference }: SessionRefInput): boolean =>
  userReference == null || session.userReference === userReference;

function conditionsOf(filter: SessionFilter): FindOptionsWhere<Session> {
  const { status, reference, userReference, createdAfter, createdBefore } = filter;
  const createdAt: FindOperator<Date>[] = [
    ...(createdAfter ? [MoreThan(createdAfter)] : []),
    ...(createdBefore ? [LessThan(createdBefore)] : []),
  ];
  return {
    ...(status == null ? {} : { status }),
    ...(reference == null ? {} : { reference }),
    ...(userReference == null ? {} : { userReference }),
    ...(createdAt.length === 0 ? {} : { createdAt: And(...createdAt) }),
  };
}
