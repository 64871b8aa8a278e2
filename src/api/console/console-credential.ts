import type { IncomingMessage } from "node:http";
import type { Credential } from "../../domain/api-key/authenticator";
import { badInput, malformedCredential, noSuchConsoleSession } from "../../errors";
import { credentialOfHeaders } from "../credential";
import { assertFromConsole } from "./same-origin";
import type { SessionCookie } from "./session-cookie";

/** Names the scope as whose key an administrator wants to be treated. */
export const scopeHeader = "x-latchkey-scope";

/**
 * The credential of a request to the console's own paths: its cookie, and nothing else.
 *
 * @throws FORBIDDEN if it may come from another page
 * @throws UNAUTHENTICATED if it has no cookie, or a credential beside it
 */
export function consoleCredentialOf(request: IncomingMessage, cookie: SessionCookie): Credential {
  assertFromConsole(request);
  const secret = cookie.read(request);
  if (secret === undefined) throw noSuchConsoleSession();
  if (credentialOfHeaders(request)) throw malformedCredential("SEVERAL_CREDENTIALS");
  const scopeId = request.headers[scopeHeader];
  if (scopeId === undefined) return { kind: "CONSOLE_SESSION", secret };
  if (typeof scopeId !== "string" || !/^[\w-]{1,64}$/.test(scopeId))
    throw badInput({ field: scopeHeader, message: "must be the id of a scope" });
  return { kind: "CONSOLE_SESSION", secret, scopeId };
}
