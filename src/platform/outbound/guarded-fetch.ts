import type { LookupFunction } from "node:net";
import { Agent, buildConnector, fetch, Response } from "undici";
import { limitResponse } from "./response-limit";
import type { Fetch } from "./fetch";
import type { ConnectDecision } from "./guarded-post";
import { portOf } from "./url-validation";

const connectTimeoutMs = 10_000;
const mebibyte = 1_024 * 1_024;
/** JSON is parsed at once, and often has one line. */
const maxJsonBytes = { maxBytes: 4 * mebibyte, maxLineBytes: 4 * mebibyte };
const maxEventStreamBytes = { maxBytes: 64 * mebibyte, maxLineBytes: 2 * mebibyte };
const maxResponseBytes = { maxBytes: 64 * mebibyte, maxLineBytes: mebibyte };

function limitsOf(contentType: string) {
  if (/\bjson\b/i.test(contentType)) return maxJsonBytes;
  return contentType.includes("text/event-stream") ? maxEventStreamBytes : maxResponseBytes;
}

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
      ? new Response(body.pipeThrough(limitResponse(limitsOf(headers.get("content-type") ?? ""))), {
          status,
          statusText,
          headers,
        })
      : response;
  }) as unknown as Fetch;

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
