import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../errors";
import type { CodeFlow, PendingSignIn } from "../../platform/oidc/code-flow";
import type { Doorkeeper } from "../doorkeeper";
import { consolePath } from "./serve-console";
import type { ConsoleHost, OpenSession } from "./console-host";

/** The role of an administrator whom an issuer has signed in is asked for again after this time. */
const sessionMs = 8 * 60 * 60 * 1_000;

/** Serves the way to an OpenID Connect issuer and back. */
export function serveOidcSignIn(
  app: FastifyInstance,
  { cookie }: ConsoleHost,
  codeFlow: CodeFlow,
  doorkeeper: Doorkeeper,
  openSession: OpenSession,
): void {
  app.get(`${consolePath}/sign-in`, async (request, reply) => {
    try {
      const { url, pending } = await codeFlow.start();
      const value = Buffer.from(JSON.stringify(pending)).toString("base64url");
      return await reply.header("set-cookie", cookie.writePending(value, codeFlow.isSecure)).redirect(url.href);
    } catch (error) {
      return sorry(error, request, reply);
    }
  });

  app.get(`${consolePath}/callback`, async (request, reply) => {
    try {
      const search = new URL(request.url, "http://localhost").search;
      const token = await codeFlow.finish(search, pendingIn(request));
      const { caller } = await doorkeeper.identify(doorkeeper.presented(request.raw, { kind: "TOKEN", secret: token }));
      if (caller.kind !== "ADMIN") throw new Error("A token of an issuer is that of an administrator");
      await openSession({ ...caller, endsAt: new Date(Date.now() + sessionMs) }, request, reply, codeFlow.isSecure);
      // Relative, for a proxy that serves this below a path of its own.
      return await reply.redirect("./", 303);
    } catch (error) {
      return sorry(error, request, reply);
    }
  });

  function pendingIn({ raw }: FastifyRequest): PendingSignIn {
    const value = cookie.readPending(raw);
    if (value === undefined)
      throw new ApiError(
        "UNAUTHENTICATED",
        "This browser has not begun to sign in, or it was more than ten minutes ago.",
      );
    return JSON.parse(Buffer.from(value, "base64url").toString()) as PendingSignIn;
  }
}

/** A page for somebody who is not in the console. It says no more than what was meant for callers. */
function sorry(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isMeant = error instanceof ApiError;
  if (!isMeant) request.log.warn({ err: error, requestId: request.id }, "a sign-in with OpenID Connect failed");
  const message = isMeant ? error.message : "The sign-in did not succeed. The server's log says why.";
  const text = message.replace(/[&<>"]/g, (character) => `&#${String(character.codePointAt(0))};`);
  return reply
    .code(isMeant && error.code === "UNAUTHENTICATED" ? 401 : 502)
    .headers({
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
    })
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Latchkey</title><h1>Not signed in</h1><p>${text}</p><p>Request ${request.id}</p><p><a href="./">Back to the console</a></p></html>`,
    );
}
