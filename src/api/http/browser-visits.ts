import type { FastifyReply, FastifyRequest } from "fastify";
import { landingPage } from "./landing-page";
import { sandboxPage } from "./sandbox-page";

/**
 * Answers a browser that opens the API's URL: it is led to the explorer of the console, or sees how the API is called. That
 * needs no credential, and discloses nothing that does.
 *
 * @param explorer the path of the explorer, relative to the API's; undefined if there is no console
 */
export const answerBrowserVisits =
  (apiPath: string, explorer: string | undefined) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { method, headers, protocol, host, routeOptions } = request;
    const query = request.query as Readonly<Record<string, unknown>>;
    const isVisit = method === "GET" && headers.accept?.includes("text/html") === true;
    if (!isVisit || routeOptions.url !== apiPath || Object.hasOwn(query, "query")) return undefined;
    const { sandbox } = query;
    if (explorer !== undefined && sandbox === undefined) return reply.redirect(explorer);
    // The page shows it and nothing more, so that it may come from a proxy that is not known.
    const shown = /^https?$/.exec(String(headers["x-forwarded-proto"]))?.[0] ?? protocol;
    const page = sandbox === "tab" ? sandboxPage() : landingPage(`${shown}://${host}${apiPath}`);
    return reply
      .header("content-security-policy", page.contentSecurityPolicy)
      .type("text/html; charset=utf-8")
      .send(page.html);
  };
