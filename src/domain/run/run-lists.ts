import { And, type FindOperator, type FindOptionsWhere, LessThan, MoreThanOrEqual } from "typeorm";
import { badInput } from "../../errors";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import type { AppService } from "../app/app.service";
import { Run } from "./run.entity";
import type { RunFilter, RunListArgs } from "./run-list.input";

/** Lists the runs of all sessions of an app. */
export class RunLists {
  constructor(
    private readonly db: Database,
    private readonly appService: AppService,
  ) {}

  async ofApp({ appId, filter, ...page }: RunListArgs): Promise<Page<Run>> {
    const { id } = await this.appService.get(appId);
    return pageOf(this.db, Run, { appId: id, ...conditionsOf(filter ?? {}) }, page, "DESC");
  }
}

/**
 * Conditions that one index serves together; the time of creation is in the ids.
 *
 * @throws BAD_USER_INPUT
 */
function conditionsOf({ agentId, apiKeyId, status, createdAfter, createdBefore }: RunFilter): FindOptionsWhere<Run> {
  if (agentId != null && apiKeyId != null) {
    throw badInput({ field: "filter", message: "must have at most one of `agentId` and `apiKeyId`" });
  }
  const ids: FindOperator<string>[] = [
    ...(createdAfter ? [MoreThanOrEqual(idAt(createdAfter.getTime() + 1))] : []),
    ...(createdBefore ? [LessThan(idAt(createdBefore.getTime()))] : []),
  ];
  return {
    ...(agentId != null && { agentId }),
    ...(apiKeyId != null && { apiKeyId }),
    ...(status != null && { status }),
    ...(ids.length > 0 && { id: And(...ids) }),
  };
}
