import type { EntityManager, FindOptionsWhere } from "typeorm";
import type { Database } from "../../../platform/database/database";
import { Run } from "../run.entity";

/** Reads a run with what is stored of its events' size, and locks it until the transaction ends. */
export async function lockedRun(
  db: Database,
  manager: EntityManager,
  where: FindOptionsWhere<Run>,
): Promise<Run | undefined> {
  const [run] = await db.lockMany(manager, Run, { where, select: columnsOf(manager), take: 1 });
  return run;
}

/** All columns, also those that are not selected by default. */
function columnsOf({ dataSource }: EntityManager): Record<string, true> {
  return Object.fromEntries(dataSource.getMetadata(Run).columns.map(({ propertyName }) => [propertyName, true]));
}
