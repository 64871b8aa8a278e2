import type { EntityManager } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { App } from "../app/app.entity";
import type { AppLimits } from "../app/app-limits.entity";
import { PreparedQuery } from "../../platform/database/prepared-query";
import { Session } from "../session/session.entity";

/** The state that an execution is checked against before its run is stored. */
export interface ExecutionContext {
  readonly agent: Agent;
  /** Of the agent's app. */
  readonly limits: AppLimits;
  /** Null if the app has no such session. */
  readonly session: Session | null;
  /** The session's runs that have not finished. */
  readonly runsAhead: number;
  /** Whether documents of the session are being processed. */
  readonly isReading: boolean;
  /** Whether documents of the session are ready. */
  readonly hasDocuments: boolean;
  /** Whether the key or its scope limits the number of runs that are executed. */
  readonly hasHolderLimit: boolean;
}

const ofSession = (table: string, statuses: string) =>
  `FROM ${table} WHERE ${table}.sessionId = :sessionId AND ${table}.status IN (${statuses})`;

/** One statement for all of it. The session must be locked, so that the numbers stay as they are. */
const context = new PreparedQuery(["agentId", "appId", "sessionId", "keyId"], (manager, values) =>
  manager
    .createQueryBuilder(Agent, "agent")
    .innerJoinAndSelect(App, "app", "app.id = agent.appId AND app.deletedAt IS NULL")
    .leftJoinAndSelect(Session, "session", "session.id = :sessionId AND session.appId = agent.appId")
    .addSelect(`(SELECT COUNT(*) ${ofSession("run", "'QUEUED', 'RUNNING'")})`, "runsAhead")
    .addSelect(`EXISTS (SELECT 1 ${ofSession("document", "'PROCESSING'")})`, "isReading")
    .addSelect(`EXISTS (SELECT 1 ${ofSession("document", "'READY'")})`, "hasDocuments")
    .addSelect(
      `EXISTS (
        SELECT 1 FROM api_key JOIN scope AS holder ON holder.id = api_key.scopeId
        WHERE api_key.id = :keyId AND COALESCE(api_key.maxRunningRuns, holder.maxRunningRuns) IS NOT NULL
      )`,
      "hasHolderLimit",
    )
    .where("agent.id = :agentId AND agent.appId = :appId")
    .setParameters(values),
);

/** @returns undefined if the app has no such agent, or was deleted */
export async function executionContext(
  manager: EntityManager,
  ids: {
    readonly agentId: string;
    readonly appId: string;
    readonly sessionId: string;
    /** Empty if no key executes the agent. */
    readonly keyId: string;
  },
): Promise<ExecutionContext | undefined> {
  const found = await context.joined(manager, ids, ["agent", "app", "session"]);
  if (!found) return undefined;
  const { row, entities } = found;
  const session = entities["session"] as Session;
  return {
    agent: entities["agent"] as Agent,
    limits: (entities["app"] as App).limits,
    session: (session.id as string | null) === null ? null : session,
    runsAhead: Number(row["runsAhead"]),
    isReading: Number(row["isReading"]) === 1,
    hasDocuments: Number(row["hasDocuments"]) === 1,
    hasHolderLimit: Number(row["hasHolderLimit"]) === 1,
  };
}
