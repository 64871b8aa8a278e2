import { setTimeout as delay } from "node:timers/promises";
import type { TestCredential } from "../../support/client";
import type { HttpClient } from "../http-client";
import type { Random } from "../random";

/** How long somebody asks in vain until the proof is given up, in milliseconds. */
const patience = 120_000;

/** What is said that is no answer: it may have happened, and it may not. */
const doubtful: ReadonlySet<unknown> = new Set(["UNAVAILABLE", "INTERNAL_SERVER_ERROR"]);

/** How an operation was answered in the end. */
export interface Answered {
  /** Undefined where it was refused. */
  readonly data: any;
  readonly code: string | undefined;
  readonly message: string;
  /** Whether it was sent before, and nobody knows what became of that. */
  readonly isRepeated: boolean;
}

/** Where the servers are asked just now. */
export interface Reach {
  doors: readonly HttpClient[];
  /**
   * How long to wait before asking again, in milliseconds: long enough for what may still be under way, as otherwise what
   * was sent first could be done last.
   */
  pause: number;
}

/** What an answer contradicts: something that was answered before, or what must hold of any answer. */
export class Contradiction extends Error {}

/** Asks servers that may be away, and asks again until there is an answer. */
export class RetryingClient {
  /** How often there was no answer. */
  failures = 0;
  /** For who wants to know why there is no answer at all. */
  private lastFailure: unknown;

  constructor(
    private readonly reach: Reach,
    private readonly random: Random,
  ) {}

  async settle(credential: TestCredential, query: string, variables: object): Promise<Answered> {
    const deadline = Date.now() + patience;
    for (let isRepeated = false; ; isRepeated = true) {
      const answer = await this.once(credential, query, variables);
      if (answer) return { ...answer, isRepeated };
      if (Date.now() > deadline) {
        throw new Error(`There was no answer for ${patience} ms to ${query}`, { cause: this.lastFailure });
      }
      await delay(this.reach.pause + this.random.integer(50, 250));
    }
  }

  /** @returns undefined where nobody knows whether it happened */
  async once(
    credential: TestCredential,
    query: string,
    variables: object,
    more: Parameters<HttpClient["send"]>[3] = {},
  ): Promise<Omit<Answered, "isRepeated"> | undefined> {
    try {
      const { data, errors } = await this.random.of(this.reach.doors).send(credential, query, variables, more);
      if (!errors) return { data, code: undefined, message: "" };
      const [error] = errors;
      const code = error?.extensions.code;
      if (!doubtful.has(code)) return { data: undefined, code, message: error?.message ?? "" };
      this.lastFailure = error;
    } catch (error) {
      // No connection, one that was cut, or half an answer.
      this.lastFailure = error;
    }
    this.failures += 1;
    return undefined;
  }
}
