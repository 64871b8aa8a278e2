import {
  And,
  type EntityManager,
  type FindOperator,
  type FindOptionsWhere,
  IsNull,
  LessThan,
  MoreThanOrEqual,
  Not,
  Raw,
} from "typeorm";
import type { AppService } from "../app/app.service";
import { assertAppExists } from "../app/app.service";
import { takeRoom } from "../app/app-usage";
import { sessionFilter } from "./session-filter";
import { type Caller, canReachSession, confiningScope } from "../../auth/caller";
import { type Database, isDuplicate, translateConstraintErrors } from "../../platform/database/database";
import { idAt, newId, timeOf } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { PageLoader, pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import { PreparedUpdate } from "../../platform/database/prepared-write";
import { type PageArgs } from "../../schema-types/pages";
import { ApiError, badInput, conflict, notFound } from "../../errors";
import { Message } from "./message.entity";
import { ofReachableRun } from "./run-condition";
import { Session, SessionStatus } from "./session.entity";
import type { CreateSessionInput, SessionFilter, SessionRefInput, TerminateSessionInput } from "./session.input";

export const sessionTerminated = () =>
  new ApiError(
    "SESSION_TERMINATED",
    "This session has been terminated. Open another one; its reference can be used again.",
  );

const referenceTaken = (field: string) =>
  conflict("REFERENCE_TAKEN", "An active session of this app has this reference. Use it, or terminate it first.", {
    field,
  });

const touchSession = new PreparedUpdate(Session, {
  set: ["lastActivityAt"],
  add: [],
  where: ["id", "appId", "status"],
});

/** A session that the transaction has locked if it is active. */
export interface LockedSession {
  readonly id: string;
  readonly isActive: boolean;
  readonly isNew: boolean;
}

export class SessionService {
  private readonly byId = loaderById(this.db, Session);
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
    const resolvedId = await this.appService.resolve(appId, "appId");
    const where = {
      ...sessionFilter(this.caller),
      appId: resolvedId,
      ...conditionsOf(filter ?? {}, confiningScope(this.caller) !== undefined),
    };
    return pageOf(this.db, Session, where, page, "DESC");
  }

  async find(id: string): Promise<Session | null> {
    const session = await this.byId.load(id);
    return session && canReachSession(this.caller, session) ? session : null;
  }

  /** The session that another row refers to, which therefore exists and belongs to the app of that row. */
  async get(id: string): Promise<Session> {
    const session = await this.byId.load(id);
    if (!session) throw notFound("session");
    return session;
  }

  messages(session: Session, page: PageArgs): Promise<Page<Message>> {
    return this.messagesOf.load(session.id, page, "", ofReachableRun(this.caller));
  }

  async create({ appId, ...input }: CreateSessionInput): Promise<Session> {
    const session = this.newSession(await this.appService.resolve(appId, "input.appId"), input);
    await this.db
      .transaction(async (manager) => {
        await this.assertUnused(manager, session);
        await manager.insert(Session, session);
        await assertAppExists(manager, session.appId);
        await takeRoom(manager, session.appId, { sessions: 1 });
      })
      .catch(
        translateConstraintErrors({
          duplicate: () => referenceTaken("input.reference"),
          orphan: () => notFound("app"),
        }),
      );
    return session;
  }

  /**
   * Finds the session to execute in by the rules of SessionRefInput and marks it as used, or opens it. Locks it until the
   * transaction ends. The caller reads the session then, checks it by `assertExecutable`, and counts one that was opened.
   *
   * @throws NOT_FOUND
   */
  async lockOrOpen(manager: EntityManager, appId: string, named: SessionRefInput, now: Date): Promise<LockedSession> {
    const { id, reference } = named;
    if (id != null) return this.touch(manager, appId, id, now);
    const active = reference != null && (await this.lockActive(manager, appId, reference));
    if (active) return this.touch(manager, appId, active.id, now);
    const opened = this.newSession(appId, named);
    try {
      await manager.insert(Session, opened);
      return { id: opened.id, isActive: true, isNew: true };
    } catch (error) {
      if (!isDuplicate(error) || reference == null) throw error;
    }
    // Another transaction opened it between the two statements.
    const session = await this.lockActive(manager, appId, reference);
    if (!session) throw referenceTaken("input.session.reference");
    return this.touch(manager, appId, session.id, now);
  }

  /**
   * @param session as it is now that it is locked
   * @throws NOT_FOUND, SESSION_TERMINATED
   */
  assertExecutable(session: Session | null, { isActive }: LockedSession, reference: SessionRefInput): Session {
    if (!session || !canReachSession(this.caller, session)) throw notFound("session");
    const mayBeAnyones = reference.id != null && reference.userReference == null;
    if (!mayBeAnyones && !isOwner(session, reference)) throw notFound("session");
    if (session.status === "TERMINATED") throw sessionTerminated();
    if (!isActive) throw notFound("session");
    return session;
  }

  /** An update locks the row as a query would, and is needed anyway. */
  private async touch(manager: EntityManager, appId: string, id: string, now: Date): Promise<LockedSession> {
    const where = { id, appId, status: SessionStatus.ACTIVE };
    const found = await touchSession.run(manager, { set: { lastActivityAt: now }, add: {}, where });
    return { id, isActive: found === 1, isNew: false };
  }

  /** Finds the session to terminate, whatever its status. An active one stays locked until the transaction ends. */
  async lockForTermination(
    manager: EntityManager,
    input: TerminateSessionInput,
    appId: string | undefined,
  ): Promise<Session> {
    const { id, reference, userReference } = input;
    const reachable = { ...sessionFilter(this.caller), ...(appId !== undefined && { appId }) };
    if (id != null) {
      const session = await this.db.lock(manager, Session, { ...reachable, id });
      if (session && (userReference == null || isOwner(session, input))) return session;
    } else if (reference != null && appId !== undefined) {
      const active = await this.lockActive(manager, appId, reference);
      if (active) return this.ownedSession(active, input);
      // Terminating it again changes nothing, so the newest session with the reference is the one that is meant.
      const terminated = { ...reachable, userReference: userReference ?? IsNull(), status: "TERMINATED" } as const;
      const newest = await manager.findOne(Session, {
        where: this.references(reference).map((named) => ({ ...terminated, ...named })),
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

  /**
   * The active session that a reference names for this caller: for a confined key the session of its scope, for others the
   * session in the namespace of the app. By the columns with a unique index, so that MySQL locks this row only.
   */
  private async lockActive(manager: EntityManager, appId: string, reference: string): Promise<Session | null> {
    const sessionScopeId = confiningScope(this.caller);
    const scoped =
      sessionScopeId !== undefined &&
      (await this.db.lock(manager, Session, { sessionScopeId, activeScopedReference: reference }));
    return (
      scoped || this.db.lock(manager, Session, { ...sessionFilter(this.caller), appId, activeReference: reference })
    );
  }

  /** The conditions by which the caller's sessions with a reference are found; a confined scope has two kinds. */
  private references(reference: string): FindOptionsWhere<Session>[] {
    return confiningScope(this.caller) === undefined
      ? [{ reference }]
      : [{ scopedReference: reference }, { reference }];
  }

  /**
   * A scope that was confined later has sessions in the namespace of the app, which no unique index compares with its own.
   *
   * @throws CONFLICT
   */
  private async assertUnused(manager: EntityManager, { appId, scopedReference }: Session): Promise<void> {
    if (scopedReference !== null && (await this.lockActive(manager, appId, scopedReference)))
      throw referenceTaken("input.reference");
  }

  private ownedSession(session: Session, input: { readonly userReference?: string | null }): Session {
    if (!isOwner(session, input)) throw notFound("session");
    return session;
  }

  private newSession(appId: string, input: Omit<CreateSessionInput, "appId">): Session {
    const { reference = null, userReference, metadata } = input;
    const isConfined = confiningScope(this.caller) !== undefined;
    const id = newId();
    // The time of the id, so that a list filtered by time, which goes by the ids, agrees with it.
    const now = timeOf(id);
    return {
      id,
      appId,
      sessionScopeId: this.caller.kind === "API_KEY" ? this.caller.scopeId : null,
      reference: isConfined ? null : reference,
      scopedReference: isConfined ? reference : null,
      userReference: userReference ?? null,
      metadata: metadata ?? null,
      status: "ACTIVE",
      createdAt: now,
      lastActivityAt: now,
      terminatedAt: null,
    };
  }
}
const isOwner = (session: Session, { userReference }: { readonly userReference?: string | null }): boolean =>
  session.userReference === (userReference ?? null);

/** Conditions that one index serves together; the time of creation is in the ids. */
function conditionsOf(
  { status, reference, userReference, ...filter }: SessionFilter,
  isConfined: boolean,
): FindOptionsWhere<Session> {
  return {
    ...(userReference == null ? {} : { userReference }),
    ...(reference == null || isConfined
      ? statusCondition(status)
      : { reference, ...statusConditionOfReference(status, reference) }),
    ...(reference != null && isConfined && { reference: inEitherNamespace(reference) }),
    ...createdBetween(filter),
  };
}

/** `column` is quoted and has the name of the table before it. A confined scope has references of both kinds. */
const inEitherNamespace = (reference: string) =>
  Raw((column) => `(${column} = :reference OR ${column.replace("reference", "scopedReference")} = :reference)`, {
    reference,
  });

const statusCondition = (status: SessionStatus | null | undefined): FindOptionsWhere<Session> =>
  status == null ? {} : { status };

/** By the time of the termination: the index of the status would find all sessions of the app that have it. */
function statusConditionOfReference(
  status: SessionStatus | null | undefined,
  activeReference: string,
): FindOptionsWhere<Session> {
  switch (status) {
    case "ACTIVE":
      return { activeReference };
    case "TERMINATED":
      return { terminatedAt: Not(IsNull()) };
    default:
      return {};
  }
}

function createdBetween({ createdAfter, createdBefore }: SessionFilter): FindOptionsWhere<Session> {
  const ids: FindOperator<string>[] = [
    ...(createdAfter ? [MoreThanOrEqual(idAt(createdAfter.getTime() + 1))] : []),
    ...(createdBefore ? [LessThan(idAt(createdBefore.getTime()))] : []),
  ];
  return ids.length === 0 ? {} : { id: And(...ids) };
}
