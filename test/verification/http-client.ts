import { type Dispatcher, Pool } from "undici";
import type { GraphQLAnswer, TestCredential } from "../support/client";

/** An answer, and when its request was begun and it was there, by the one clock of this process, in milliseconds. */
export interface TimedAnswer extends GraphQLAnswer {
  readonly status: number;
  readonly began: number;
  readonly ended: number;
}

/** Sends many requests at once to one server, by no more than so many connections. */
export class HttpClient {
  private readonly pool: Pool;

  constructor(
    readonly url: string,
    connections: number,
    options: Pool.Options = {},
  ) {
    this.pool = new Pool(new URL(url).origin, { connections, ...options });
  }

  /** @throws what undici throws where no answer comes */
  async send(
    credential: TestCredential,
    query: string,
    variables?: object,
    more: Partial<Dispatcher.RequestOptions> = {},
  ): Promise<TimedAnswer> {
    const began = performance.now();
    const { statusCode, body } = await this.pool.request({
      method: "POST",
      path: new URL(this.url).pathname,
      headers: { "content-type": "application/json", ...(credential && { [credential[0]]: credential[1] }) },
      body: JSON.stringify({ query, variables }),
      ...more,
    });
    const answer = (await body.json()) as GraphQLAnswer;
    return { ...answer, status: statusCode, began, ended: performance.now() };
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
