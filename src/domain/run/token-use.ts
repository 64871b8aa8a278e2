import type { EntityManager } from "typeorm";
import { isDuplicate } from "../../platform/database/database";
import { TokenUse } from "./token-use.entity";

const dayMs = 24 * 60 * 60 * 1_000;

const today = (): string => new Date().toISOString().slice(0, 10);

/** When the next day starts, in UTC. */
export const nextDay = (): Date => new Date(Date.parse(today()) + dayMs);

export async function tokensUsedToday(manager: EntityManager, appId: string): Promise<number> {
  const use = await manager.findOneBy(TokenUse, { appId, day: today() });
  return use?.tokens ?? 0;
}

/** Adds the tokens of a run to the current day, as part of a larger transaction. */
export async function countTokens(manager: EntityManager, appId: string, tokens: number): Promise<void> {
  const day = today();
  if (await addTo(manager, appId, day, tokens)) return;
  try {
    await manager.insert(TokenUse, { appId, day, tokens });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await addTo(manager, appId, day, tokens);
  }
}

async function addTo(manager: EntityManager, appId: string, day: string, tokens: number): Promise<boolean> {
  // `tokens` before `day`, because MySQL evaluates assignments in order and sees the new value of `day`.
  const { affected } = await manager
    .createQueryBuilder()
    .update(TokenUse)
    .set({ tokens: () => "CASE WHEN day = :day THEN tokens + :added ELSE :added END", day })
    .where({ appId })
    .setParameters({ day, added: tokens })
    .execute();
  return affected === 1;
}
