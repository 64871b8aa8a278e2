/** Whose run it is. */
export interface ActiveRun {
  readonly appId: string;
  readonly agentId: string;
  /** Null if an administrator has started it. */
  readonly apiKeyId: string | null;
}

/** Is told, once it is committed, what runs have done. */
export interface RunActivity {
  ended(run: ActiveRun, status: "SUCCEEDED" | "FAILED" | "CANCELLED"): void;
  usedTokens(run: ActiveRun, tokens: { readonly inputTokens: number; readonly outputTokens: number }): void;
}

/** Tells several of them. */
export class RunActivities implements RunActivity {
  constructor(private readonly all: readonly RunActivity[]) {}

  ended(...told: Parameters<RunActivity["ended"]>): void {
    for (const each of this.all) each.ended(...told);
  }

  usedTokens(...told: Parameters<RunActivity["usedTokens"]>): void {
    for (const each of this.all) each.usedTokens(...told);
  }
}
