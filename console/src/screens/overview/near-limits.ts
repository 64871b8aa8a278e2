import type { OverviewKeyCountsQuery, OverviewLimitsQuery } from "./operations.generated";

/** The share of a limit from which it is worth a look. */
const nearShare = 0.8;

export interface NearLimit {
  readonly name: string;
  readonly used: number;
  readonly limit: number;
  /** The scope whose number of keys it is. */
  readonly scopeId?: string;
}

type CountedScope = OverviewKeyCountsQuery["scopes"]["nodes"][number];

/** The limits of an app of which at least 80 % are used, the fullest first. */
export function nearLimits(
  { app, scopes, agents, sessions, today }: OverviewLimitsQuery,
  counted: readonly CountedScope[],
): NearLimit[] {
  if (!app) return [];
  const { limits } = app;
  const tokens = (today.total.inputTokens ?? 0) + (today.total.outputTokens ?? 0);
  const all: { name: string; used: number; limit: number | null; scopeId?: string }[] = [
    { name: "Scopes", used: scopes.totalCount, limit: limits.scopes },
    { name: "Agents", used: agents.totalCount, limit: limits.agents },
    { name: "Active sessions", used: sessions.totalCount, limit: limits.sessions },
    { name: "Tokens today (UTC)", used: tokens, limit: limits.tokensPerDay },
    ...counted.map(({ id, name, apiKeys }) => ({
      name: `Keys of ${name}`,
      used: apiKeys.totalCount,
      limit: limits.keysPerScope,
      scopeId: id,
    })),
  ];
  return all
    .filter((each): each is NearLimit => each.limit !== null && each.used >= each.limit * nearShare)
    .sort((one, other) => other.used / other.limit - one.used / one.limit);
}
