import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type AdminCaller, type Caller } from "../../auth/caller";
import type { ConsoleSession } from "../../domain/console-session/console-session.entity";
import { ApiError, badInput } from "../../errors";
import { clientAddressOf } from "../../platform/inbound/client-address";
import { version } from "../../platform/process/version";
import { credentialOfText } from "../credential";
import type { Doorkeeper } from "../doorkeeper";
import type { ConsoleHost } from "./console-host";
import { serveOidcSignIn } from "./serve-oidc";
import { assertFromConsole } from "./same-origin";
import { consolePath } from "./serve-console";

/** The console's first request is answered with it, before anybody has signed in. */
interface SessionAnswer {
  readonly signedIn: boolean;
  readonly viewer: { readonly name: string; readonly role: string } | null;
  readonly expiresAt: string | null;
  /** The issuer that one can sign in with; null if there is none. */
  readonly signInWith: { readonly issuer: string } | null;
  readonly version: string;
  /** The file of the administrator's key, for a person at the machine that has it. */
  readonly keyFile: string | null;
}

const maxBodyBytes = 8 * 1024;

const noAdministrator = () =>
  new ApiError("UNAUTHENTICATED", "This is an API key, which is for programs. Sign in with an administrator's key.", {
    extensions: { reason: "NO_ADMINISTRATOR" },
  });

/** Serves what trades an administrator's key for a cookie, and takes the cookie back. */
export function serveConsoleSessions(app: FastifyInstance, host: ConsoleHost, doorkeeper: Doorkeeper): void {
  const { sessions, cookie } = host;
  const sessionPath = `${consolePath}/session`;

  app.get(sessionPath, async (request) => answerOf(await signedIn(request), request));

  app.route({
    method: "POST",
    url: sessionPath,
    bodyLimit: maxBodyBytes,
    onRequest: async ({ raw }) => assertFromConsole(raw),
    async handler(request, reply) {
      const credential = credentialOfText(credentialIn(request.body));
      if (credential.kind === "API_KEY") throw noAdministrator();
      const { caller } = await doorkeeper.identify(doorkeeper.presented(request.raw, credential));
      if (caller.kind !== "ADMIN") throw noAdministrator();
      await endSessionOf(request);
      return answerOf(await signIn(caller, request, reply, isSecure(request)), request);
    },
  });

  app.route({
    method: "DELETE",
    url: sessionPath,
    onRequest: async ({ raw }) => assertFromConsole(raw),
    async handler(request, reply) {
      await endSessionOf(request);
      return reply.code(204).header("set-cookie", cookie.remove()).send();
    },
  });

  app.route({
    method: "DELETE",
    url: `${consolePath}/sessions`,
    onRequest: async ({ raw }) => assertFromConsole(raw),
    async handler(request, reply) {
      const session = await sessionOf(request);
      if (session && sessions.isOpen(session)) await sessions.endAllOf(session, actorIn(session), originOf(request));
      return reply.code(204).header("set-cookie", cookie.remove()).send();
    },
  });

  if (host.oidc) serveOidcSignIn(app, host, host.oidc.codeFlow, doorkeeper, signIn);

  async function signIn(
    caller: AdminCaller,
    request: FastifyRequest,
    reply: FastifyReply,
    isTls: boolean,
  ): Promise<Caller> {
    const address = clientAddressOf(request.raw, doorkeeper.trustedProxies);
    const userAgent = request.headers["user-agent"] ?? "";
    const { token, session } = await sessions.open(caller, { address, userAgent, requestId: request.id });
    void reply.header("set-cookie", cookie.write(token, session.expiresAt, isTls));
    request.log.info({ requestId: request.id, administrator: caller.name, address }, "signed in at the console");
    return { ...caller, endsAt: session.expiresAt };
  }

  const originOf = ({ raw, id }: FastifyRequest) => ({
    address: clientAddressOf(raw, doorkeeper.trustedProxies),
    requestId: id,
  });

  async function sessionOf({ raw }: FastifyRequest) {
    const token = cookie.read(raw);
    return token === undefined ? undefined : sessions.find(token);
  }

  async function endSessionOf(request: FastifyRequest): Promise<void> {
    const session = await sessionOf(request);
    if (session?.endedAt === null) await sessions.end(session.id, actorIn(session), originOf(request));
  }

  /** @returns undefined if nobody is signed in */
  async function signedIn({ raw }: FastifyRequest): Promise<Caller | undefined> {
    try {
      const secret = cookie.read(raw);
      if (secret === undefined) return undefined;
      const { caller } = await doorkeeper.identify(doorkeeper.presented(raw, { kind: "CONSOLE_SESSION", secret }));
      return caller;
    } catch (error) {
      if (error instanceof ApiError && error.code === "UNAUTHENTICATED") return undefined;
      throw error;
    }
  }

  function answerOf(caller: Caller | undefined, request: FastifyRequest): SessionAnswer {
    const isAdministrator = caller?.kind === "ADMIN";
    return {
      signedIn: isAdministrator,
      viewer: isAdministrator ? { name: caller.name, role: caller.role } : null,
      expiresAt: caller?.endsAt?.toISOString() ?? null,
      signInWith: host.oidc ? { issuer: host.oidc.issuer } : null,
      version,
      keyFile: !isAdministrator && isOnThisMachine(request, doorkeeper) ? (host.adminKeyFile ?? null) : null,
    };
  }
}

function credentialIn(body: unknown): string {
  const { credential } = (body ?? {}) as { readonly credential?: unknown };
  if (typeof credential !== "string" || credential.trim() === "")
    throw badInput({ field: "credential", message: "must be an administrator's key" });
  return credential.trim();
}

/** A browser says which scheme it uses by `Origin`, whatever a proxy passes. */
const isSecure = ({ protocol, headers }: FastifyRequest): boolean =>
  protocol === "https" || headers.origin?.startsWith("https://") === true;

const actorIn = ({ administratorId, name }: ConsoleSession) =>
  ({ kind: "ADMINISTRATOR", id: administratorId, name }) as const;

const forwardingHeaders = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/** Whether the browser runs on the machine of the server, and no proxy hides where it runs. */
function isOnThisMachine({ raw, hostname }: FastifyRequest, { trustedProxies }: Doorkeeper): boolean {
  const isForwarded = forwardingHeaders.some((name) => raw.headers[name] !== undefined);
  const address = clientAddressOf(raw, trustedProxies);
  const isLoopback = address.startsWith("127.") || address === "::1";
  return isLoopback && !isForwarded && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
