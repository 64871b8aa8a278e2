import type { EntityManager } from "typeorm";
import { isDuplicate } from "../../platform/database/database";
import { TokenUse } from "./token-use.entity";

const dayLength = 24 * 60 * 60 * 1_000;

const today = (): string => new Date().toISOString().slice(0, 10);

/** When the tokens of a new day may be used. */
export const nextDay = (): Date => new Date(Date.parse(today()) + dayLength);

export async function tokensUsedToday(manager: EntityManager, appId: string): Promise<number> {
  const use = await manager.findOneBy(TokenUse, { appId, day: today() });
  return use?.tokens ?? 0;
}

/** Counts what a run took, as a part of the transaction that writes it down. */
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
  // The tokens first, as MySQL looks at what it has set already.
  const { affected } = await manager
    .createQueryBuilder()
    .update(TokenUse)
    .set({ tokens: () => "CASE WHEN day = :day THEN tokens + :more ELSE :more END", day })
    .where({ appId })
    .setParameters({ day, more: tokens })
    .execute();
  return affected === 1;
}
