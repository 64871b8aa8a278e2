import { type Dispatcher, Pool } from "undici";
import type { GraphQLAnswer, TestCredential } from "../support/client";

/** The times are milliseconds of this process's monotonic clock. */
export interface TimedAnswer extends GraphQLAnswer {
  readonly status: number;
  readonly began: number;
  readonly ended: number;
}

/** Sends concurrent requests to one server over a pool of connections. */
export class HttpClient {
  private readonly pool: Pool;

  constructor(
    readonly url: string,
    connections: number,
    options: Pool.Options = {},
  ) {
    this.pool = new Pool(new URL(url).origin, { connections, ...options });
  }

  /** @throws an error of undici if no response arrives */
  async send(
    credential: TestCredential,
    query: string,
    variables?: object,
    options: Partial<Dispatcher.RequestOptions> = {},
  ): Promise<TimedAnswer> {
    const began = performance.now();
    const { statusCode, body } = await this.pool.request({
      method: "POST",
      path: new URL(this.url).pathname,
      headers: { "content-type": "application/json", ...(credential && { [credential[0]]: credential[1] }) },
      body: JSON.stringify({ query, variables }),
      ...options,
    });
    const answer = (await body.json()) as GraphQLAnswer;
    return { ...answer, status: statusCode, began, ended: performance.now() };
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
