import { createClient } from "graphql-ws";
import request, { type Response } from "supertest";
import { WebSocket } from "ws";
import type { Client, GraphQLAnswer } from "./client";

/** Executes an operation over server-sent events. @returns the response, once the stream has ended */
export async function overSse({ url, credential }: Client, query: string, more: object = {}): Promise<Response> {
  const post = request(url).post("/stream").set("accept", "text/event-stream");
  return (credential ? post.set(...credential) : post).send({ query, ...more });
}

/** Executes an operation on a separate WebSocket. @returns all results; a refused operation has one, with errors */
export async function overWebSocket({ url, credential }: Client, query: string, more: object = {}): Promise<unknown[]> {
  const client = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: Object.fromEntries(credential ? [credential] : []),
    retryAttempts: 0,
  });
  const results: unknown[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      client.subscribe(
        { query, ...more },
        {
          next: (result) => void results.push(result),
          error: (error) =>
            Array.isArray(error) ? resolve(void results.push({ errors: error })) : reject(error as Error),
          complete: resolve,
        },
      );
    });
    return results;
  } finally {
    await client.dispose();
  }
}

/** The errors of a result or of a response. */
export const errorsOf = (result: unknown) => (result as GraphQLAnswer).errors ?? [];
