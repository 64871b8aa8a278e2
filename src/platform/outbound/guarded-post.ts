import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { portOf } from "./url-validation";

/** An error refuses the connection. */
export type ConnectDecision = "connect" | "connect by the guarded lookup" | Error;

export interface PostOptions {
  readonly method: "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** The part of `fetch` that posts something and asks for the status alone. */
export type Post = (
  url: string,
  options: PostOptions,
) => Promise<{
  readonly status: number;
  readonly ok: boolean;
}>;

/**
 * Posts by the HTTP client of Node.js, a connection for each request. Unlike undici, it takes `100 Continue` from receivers
 * that send it unasked.
 */
export function guardedPost(
  decide: (hostname: string, port: number) => ConnectDecision,
  guardedLookup: LookupFunction,
): Post {
  return (address, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const url = new URL(address);
      const decision = decide(url.hostname, portOf(url));
      if (decision instanceof Error) {
        reject(decision);
        return;
      }
      const send = url.protocol === "https:" ? requestHttps : requestHttp;
      const lookup = decision === "connect" ? {} : { lookup: guardedLookup };
      const sent = { accept: "*/*", ...headers, "content-length": String(Buffer.byteLength(body)) };
      const request = send(url, { method, headers: sent, signal, agent: false, ...lookup }, (response) => {
        const { statusCode: status = 0 } = response;
        resolve({ status, ok: status >= 200 && status < 300 });
        // The body is not needed and may be endless.
        response.on("error", () => undefined).destroy();
      });
      request.on("error", reject).end(body);
    });
}
