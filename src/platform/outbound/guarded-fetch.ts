import type { LookupFunction } from "node:net";
import { Agent, buildConnector, fetch, Response } from "undici";
import { limitResponse } from "./response-limit";
import type { Fetch } from "./fetch";
import { portOf } from "./url-validation";

const connectTimeoutMs = 10_000;
const maxResponseBytes = { maxBytes: 64 * 1_024 * 1_024, maxLineBytes: 1_024 * 1_024 };

/** What to do about a host before it is connected to: an error says that it is not to be. */
export type ConnectDecision = "connect" | "connect by the guarded lookup" | Error;

/** Fetches over connections of which each is ruled on. */
export class GuardedFetch {
  private readonly agent: Agent;

  constructor(rule: (hostname: string, port: number) => ConnectDecision, guardedLookup: LookupFunction) {
    const anywhere = buildConnector({ timeout: connectTimeoutMs });
    const guarded = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup });
    this.agent = new Agent({
      // Whoever asks brings a signal that says how long to wait.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        const ruling = rule(options.hostname, portOf(options));
        if (ruling instanceof Error) callback(ruling, null);
        else (ruling === "connect" ? anywhere : guarded)(options, callback);
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
