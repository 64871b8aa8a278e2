import type { AuditTrail } from "../audit/audit-trail";
import { type Caller, canReach } from "../../auth/caller";
import { notFound } from "../../errors";
import type { Database } from "../../platform/database/database";
import type { Run } from "../run/run.entity";
import type { RunExecutor } from "../run/execution/run-executor";
import type { Session } from "../session/session.entity";
import type { TerminateSessionInput } from "../session/session.input";
import type { SessionService } from "../session/session.service";
import type { AppDeletion } from "./app-deletion";
import type { SessionTermination } from "./session-termination";

/** Ends sessions and apps on behalf of a caller. */
export class LifecycleService {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly sessionService: SessionService,
    private readonly executor: RunExecutor,
    private readonly sessionTermination: SessionTermination,
    private readonly appDeletion: AppDeletion,
    private readonly audit: AuditTrail,
  ) {}

  async terminateSession(input: TerminateSessionInput): Promise<Session> {
    const appId = await this.sessionService.appOfTermination(input);
    const mayBelong = (run: Run) => appId === undefined || run.appId === appId;
    // In parallel, so that the caller gets the error in time if the database takes reads but no writes.
    await Promise.all([this.db.ping(), this.executor.flush(mayBelong)]);
    return this.sessionTermination.terminate((manager) =>
      this.sessionService.lockForTermination(manager, input, appId),
    );
  }

  async deleteApp(id: string): Promise<void> {
    if (!canReach(this.caller, id)) throw notFound("app");
    await this.appDeletion.delete(id, this.audit);
  }
}
