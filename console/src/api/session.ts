import { queryOptions } from "@tanstack/react-query";
import { consoleHeader, errorOf, readAnswer, send } from "./client";

/** The answer of `GET session`. */
export interface ConsoleSession {
  readonly signedIn: boolean;
  readonly viewer: { readonly name: string; readonly role: string } | null;
  readonly expiresAt: string | null;
  /** OpenID Connect, if it is configured. */
  readonly signInWith: { readonly issuer: string } | null;
  readonly version: string;
  /** The file of the administrator's key; only a browser on the server's own machine is told. */
  readonly keyFile?: string | null;
}

async function sessionRequest(method: string, path = "session", body?: unknown): Promise<Response> {
  const headers = {
    accept: "application/json",
    ...consoleHeader,
    ...(body ? { "content-type": "application/json" } : {}),
  };
  const response = await send(path, { method, headers, body: body ? JSON.stringify(body) : null });
  if (!response.ok) throw errorOf(await readAnswer(response), response);
  return response;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => (await sessionRequest("GET")).json() as Promise<ConsoleSession>,
  staleTime: 60_000,
});

export const signIn = (credential: string): Promise<Response> => sessionRequest("POST", "session", { credential });
export const signOut = (): Promise<Response> => sessionRequest("DELETE");
export const signOutEverywhere = (): Promise<Response> => sessionRequest("DELETE", "sessions");
