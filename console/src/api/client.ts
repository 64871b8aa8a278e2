import type { DocumentTypeDecoration } from "@graphql-typed-document-node/core";
import { connection } from "./connection";
import { ApiError, ConnectionError } from "./errors";
import { consoleUrl } from "./place";

export type Operation<Result, Variables> = DocumentTypeDecoration<Result, Variables>;

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Runs the operation as a key of this scope would. */
  readonly asScope?: string | undefined;
}

interface GraphqlAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** Makes every request that changes something need a preflight, which another site's page can't pass. */
export const consoleHeader = { "x-latchkey-console": "1" };

const listeners = new Set<() => void>();

/** Calls back whenever the server says that nobody is signed in (any more). */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Sends a request to an address of the console, and tells the connection bar what came of it. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(new URL(path, consoleUrl), { ...init, credentials: "same-origin" });
    connection.succeeded();
    return response;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    connection.failed();
    throw new ConnectionError();
  }
}

/** The errors of an answer as one exception; its code is that of the first. */
export function errorOf(answer: GraphqlAnswer, response: Response): ApiError {
  const [first] = answer.errors ?? [];
  const given = first?.extensions?.["code"];
  const code = typeof given === "string" ? given : "INTERNAL_SERVER_ERROR";
  const status = response.status;
  if (code === "UNAUTHENTICATED") for (const listener of listeners) listener();
  const message = first?.message ?? `The server answered with status ${String(status)}.`;
  const requestId = response.headers.get("x-request-id");
  return new ApiError(message, {
    code,
    status,
    requestId,
    extensions: { ...first?.extensions, errors: answer.errors },
  });
}

/**
 * Sends one operation.
 *
 * @throws {ApiError} if the server answered with errors
 * @throws {ConnectionError} if no answer came
 */
export async function request<Result, Variables>(
  operation: Operation<Result, Variables>,
  variables: Variables,
  { signal, asScope }: RequestOptions = {},
): Promise<Result> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    ...consoleHeader,
    ...(asScope ? { "x-latchkey-scope": asScope } : {}),
  };
  // The type of generated documents hides that they are texts.
  const query = (operation as { toString(): string }).toString();
  const body = JSON.stringify({ query, variables });
  const response = await send("graphql", { method: "POST", headers, body, signal: signal ?? null });
  const answer = await readAnswer(response);
  if (answer.errors?.length || answer.data == null) throw errorOf(answer, response);
  return answer.data as Result;
}

export async function readAnswer(response: Response): Promise<GraphqlAnswer> {
  try {
    return (await response.json()) as GraphqlAnswer;
  } catch {
    // Not the server's own answer: that of a proxy in front of it, or one that broke off.
    return {};
  }
}
