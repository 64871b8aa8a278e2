import type { LookupFunction } from "node:net";
import { Agent, buildConnector, fetch, Response } from "undici";
import { limitResponse } from "./response-limit";
import type { Fetch } from "./fetch";
import { portOf } from "./url-validation";

const connectTimeoutMs = 10_000;
const maxResponseBytes = { maxBytes: 64 * 1_024 * 1_024, maxLineBytes: 1_024 * 1_024 };

/** An error refuses the connection. */
export type ConnectDecision = "connect" | "connect by the guarded lookup" | Error;

/** A fetch that decides about each of its connections. */
export class GuardedFetch {
  private readonly agent: Agent;

  constructor(decide: (hostname: string, port: number) => ConnectDecision, guardedLookup: LookupFunction) {
    const unguarded = buildConnector({ timeout: connectTimeoutMs });
    const guarded = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup });
    this.agent = new Agent({
      // Callers pass a signal with their own timeout.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        const decision = decide(options.hostname, portOf(options));
        if (decision instanceof Error) callback(decision, null);
        else (decision === "connect" ? unguarded : guarded)(options, callback);
      },
    });
  }

  readonly fetch: Fetch = (async (input: string | URL, init?: object) => {
    const response = await fetch(input, { ...init, dispatcher: this.agent, redirect: "manual" });
    const { body, status, statusText, headers } = response;
    return body
      ? new Response(body.pipeThrough(limitResponse(maxResponseBytes)), { status, statusText, headers })
      : response;
  }) as unknown as Fetch;

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
