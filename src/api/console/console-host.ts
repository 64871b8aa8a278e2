import type { FastifyReply, FastifyRequest } from "fastify";
import type { AdminCaller, Caller } from "../../auth/caller";
import type { ConsoleSessions } from "../../domain/console-session/console-sessions";
import type { CodeFlow } from "../../platform/oidc/code-flow";
import type { ConsoleFile } from "./console-files";
import type { SessionCookie } from "./session-cookie";

/** The parts of the server that the console needs. */
export interface ConsoleHost {
  /** The files of the console by their paths; none if it has not been built. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
  readonly sessions: ConsoleSessions;
  readonly cookie: SessionCookie;
  /** The file of the administrator's key, if the server has made it. */
  readonly adminKeyFile: string | undefined;
  /** The issuer that one can sign in with; undefined if there is none. */
  readonly oidc: { readonly issuer: string; readonly codeFlow: CodeFlow } | undefined;
}

/** Opens a session, and gives the browser its cookie. @returns who has signed in */
export type OpenSession = (
  caller: AdminCaller,
  request: FastifyRequest,
  reply: FastifyReply,
  isSecure: boolean,
) => Promise<Caller>;
