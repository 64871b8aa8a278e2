import { setTimeout as delay } from "node:timers/promises";
import type { TestCredential } from "../../support/client";
import type { HttpClient } from "../http-client";
import type { Random } from "../random";

/** The verification is aborted if an operation has failed for this time. */
const timeoutMs = 120_000;

/** After these codes the outcome is indeterminate: the operation may have been committed or not. */
const indeterminateCodes: ReadonlySet<unknown> = new Set(["UNAVAILABLE", "INTERNAL_SERVER_ERROR"]);

/** The first response with a definite outcome. */
export interface DefiniteResponse {
  /** Undefined if the operation was refused. */
  readonly data: any;
  readonly code: string | undefined;
  readonly message: string;
  /** Whether an earlier attempt had an indeterminate outcome. */
  readonly wasRetried: boolean;
}

/** The current way to the servers. */
export interface Route {
  clients: readonly HttpClient[];
  /**
   * Must be longer than a request stays in progress after its connection was lost; otherwise the first attempt could be
   * executed after the retry.
   */
  retryDelayMs: number;
}

/** A response that contradicts an acknowledged write, or a rule that every response must follow. */
export class ContradictionError extends Error {}

/** Sends operations to servers that may be unavailable, and retries each until its outcome is definite. */
export class RetryingClient {
  /** The number of attempts with an indeterminate outcome. */
  failures = 0;
  /** The cause to report if the retries time out. */
  private lastFailure: unknown;

  constructor(
    private readonly route: Route,
    private readonly random: Random,
  ) {}

  async send(credential: TestCredential, query: string, variables: object): Promise<DefiniteResponse> {
    const deadline = Date.now() + timeoutMs;
    for (let wasRetried = false; ; wasRetried = true) {
      const response = await this.sendOnce(credential, query, variables);
      if (response) return { ...response, wasRetried };
      if (Date.now() > deadline) {
        throw new Error(`No definite response within ${timeoutMs} ms to ${query}`, { cause: this.lastFailure });
      }
      await delay(this.route.retryDelayMs + this.random.integer(50, 250));
    }
  }

  /** Signs an administrator in at the console; perhaps several times. */
  async signIn(credential: string, userAgent: string): Promise<void> {
    const options = {
      path: "/console/session",
      headers: { "content-type": "application/json", "x-latchkey-console": "1", "user-agent": userAgent },
      body: JSON.stringify({ credential }),
    };
    const deadline = Date.now() + timeoutMs;
    for (let answer; !answer;) {
      answer = await this.sendOnce(undefined, "", {}, options);
      if (Date.now() > deadline) throw new Error("Could not sign in at the console", { cause: this.lastFailure });
      if (!answer) await delay(this.route.retryDelayMs);
    }
  }

  /** @returns undefined if the outcome is indeterminate */
  async sendOnce(
    credential: TestCredential,
    query: string,
    variables: object,
    options: Parameters<HttpClient["send"]>[3] = {},
  ): Promise<Omit<DefiniteResponse, "wasRetried"> | undefined> {
    try {
      const { data, errors } = await this.random.of(this.route.clients).send(credential, query, variables, options);
      if (!errors) return { data, code: undefined, message: "" };
      const [error] = errors;
      const code = error?.extensions.code;
      if (!indeterminateCodes.has(code)) return { data: undefined, code, message: error?.message ?? "" };
      this.lastFailure = error;
    } catch (error) {
      // The connection was refused or cut, or the response is incomplete.
      this.lastFailure = error;
    }
    this.failures += 1;
    return undefined;
  }
}
