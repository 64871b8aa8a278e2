import type { EntityManager, EntityTarget, ObjectLiteral } from "typeorm";
import { isDuplicate } from "../../platform/database/database";
import { HolderTokenUse } from "./holder-token-use.entity";
import type { Run } from "./run.entity";
import { TokenUse } from "./token-use.entity";

const dayMs = 24 * 60 * 60 * 1_000;

const today = (): string => new Date().toISOString().slice(0, 10);

/** When the next day starts, in UTC. */
export const nextDay = (): Date => new Date(Date.parse(today()) + dayMs);

export async function tokensUsedToday(manager: EntityManager, appId: string): Promise<number> {
  const use = await manager.findOneBy(TokenUse, { appId, day: today() });
  return use?.tokens ?? 0;
}

/** @param holderId the id of a key or of a scope */
export async function holderTokensUsedToday(manager: EntityManager, holderId: string): Promise<number> {
  const use = await manager.findOneBy(HolderTokenUse, { holderId, day: today() });
  return use?.tokens ?? 0;
}

/**
 * Adds the tokens of a run to the current day, as part of a larger transaction.
 *
 * @param holderIds the ids of the key and the scope that the run was started with
 */
export async function countTokens(
  manager: EntityManager,
  appId: string,
  holderIds: readonly string[],
  tokens: number,
): Promise<void> {
  await add(manager, TokenUse, { appId }, {}, tokens);
  for (const holderId of holderIds) await add(manager, HolderTokenUse, { holderId }, { appId }, tokens);
}

async function add(
  manager: EntityManager,
  entity: EntityTarget<ObjectLiteral>,
  key: ObjectLiteral,
  rest: ObjectLiteral,
  tokens: number,
): Promise<void> {
  const day = today();
  if (await addTo(manager, entity, key, day, tokens)) return;
  try {
    await manager.insert(entity, { ...key, ...rest, day, tokens });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await addTo(manager, entity, key, day, tokens);
  }
}

async function addTo(
  manager: EntityManager,
  entity: EntityTarget<ObjectLiteral>,
  key: ObjectLiteral,
  day: string,
  tokens: number,
): Promise<boolean> {
  // `tokens` before `day`, because MySQL evaluates assignments in order and sees the new value of `day`.
  const { affected } = await manager
    .createQueryBuilder()
    .update(entity)
    .set({ tokens: () => "CASE WHEN day = :day THEN tokens + :added ELSE :added END", day })
    .where(key)
    .setParameters({ day, added: tokens })
    .execute();
  return affected === 1;
}

/** The ids of the key and the scope that a run was started with; none if an administrator has started it. */
export async function holdersOf(manager: EntityManager, { apiKeyId }: Pick<Run, "apiKeyId">): Promise<string[]> {
  if (apiKeyId === null) return [];
  const rows = await manager.query<{ scopeId: string }[]>("SELECT scopeId FROM api_key WHERE id = ?", [apiKeyId]);
  return [apiKeyId, ...rows.map(({ scopeId }) => scopeId)];
}
