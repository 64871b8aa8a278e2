import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Credential } from "../../domain/api-key/authenticator";
import { consoleCredentialOf } from "../console/console-credential";
import type { SessionCookie } from "../console/session-cookie";
import type { Doorkeeper } from "../doorkeeper";
import type { Reports } from "../reports/reports";
import { OverloadRefusals } from "./overload-refusals";

/** Long enough for the largest document over a slow line; the default of Node is five minutes. */
const requestTimeoutMs = 120_000;
const headersTimeoutMs = 15_000;
/** Node looks for requests that take longer at this interval. */
const connectionsCheckingInterval = 1_000;
const keepAliveTimeoutMs = 72_000;

/** The waits of admitted requests for the verification of their credentials. */
const waits = new WeakMap<IncomingMessage, () => void>();

/** Ends the wait of a request for the verification of its credential. May be called again. */
export const endWait = (request: IncomingMessage): void => waits.get(request)?.();

export interface Admission {
  readonly doorkeeper: Doorkeeper;
  /** The origins whose pages may read a refusal. */
  readonly corsOrigins: readonly string[];
  /** Undefined if the console is not served. */
  readonly cookie: SessionCookie | undefined;
  readonly reports: Pick<Reports, "refuseOverload">;
  /** Whether requests for a URL may be refused. */
  isGuarded(url: string): boolean;
}

/**
 * Creates the HTTP server below Fastify. If the process is overloaded, requests are refused before Fastify sees them: to
 * refuse them later takes several times as long, and the process would do little else.
 */
export function createAdmittingServer(handle: RequestListener, admission: Admission): Server {
  const { doorkeeper, cookie } = admission;
  const refusals = new OverloadRefusals(admission);
  const server = createServer(
    { headersTimeout: headersTimeoutMs, connectionsCheckingInterval },
    (request, response) => {
      if (request.method !== "OPTIONS" && admission.isGuarded(request.url ?? "")) {
        const end = doorkeeper.admit(request, () => cookie && credentialOfCookie(request, cookie));
        if (!end) {
          refusals.refuse(request, response);
          return;
        }
        waits.set(request, end);
        // It may be aborted while it waits.
        response.once("close", end);
      }
      handle(request, response);
    },
  );
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = keepAliveTimeoutMs;
  return server;
}

/** @returns undefined if it has none, or none that counts for this request */
function credentialOfCookie(request: IncomingMessage, cookie: SessionCookie): Credential | undefined {
  // The errors that are caught below take longer to make than a refusal.
  if (request.headers.cookie === undefined) return undefined;
  try {
    return consoleCredentialOf(request, cookie);
  } catch {
    return undefined;
  }
}
