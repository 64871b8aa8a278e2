import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../errors";
import { chooseEncoding, type ConsoleFile, pageAt } from "./console-files";

/** Everything of the console is under this path. */
export const consolePath = "/console";

/** Only files of this server, no inline script or style, and no text that becomes code. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** The deepest screen that a link may lead to. */
const maxDepth = 16;

const noSuchFile = () =>
  new ApiError("NOT_FOUND", `The console has no such file. The console is at ${consolePath}/; reload its page.`);
const notBuilt = () =>
  new ApiError(
    "NOT_FOUND",
    "The console has not been built: its packages are for development. Run `npm ci` without `--omit=dev`, then `npm run build`.",
  );

/** Serves the files of the console, and its page at each address of a screen. They disclose nothing: data needs a session. */
export function serveConsole(app: FastifyInstance, files: ReadonlyMap<string, ConsoleFile>): void {
  const page = files.get("index.html")?.content.identity.toString("utf8");
  const method = ["GET", "HEAD"];
  // Relative, for a proxy that serves this below a path of its own.
  app.route({ method, url: consolePath, handler: (_request, reply) => reply.redirect(consolePath.slice(1) + "/") });
  app.route({
    method,
    url: `${consolePath}/*`,
    handler(request, reply) {
      if (page === undefined) throw notBuilt();
      const path = (request.params as { readonly "*": string })["*"];
      const file = files.get(path);
      if (file && path !== "index.html") return sendFile(file, request, reply);
      const depth = path.split("/").length - 1;
      if (path.startsWith("assets/") || depth > maxDepth) throw noSuchFile();
      return addPageHeaders(request, reply).header("cache-control", "no-cache").send(pageAt(page, depth));
    },
  });
}

function sendFile(file: ConsoleFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({
    etag: file.etag,
    vary: "Accept-Encoding",
    "cache-control": file.isImmutable ? "public, max-age=31536000, immutable" : "public, no-cache",
    "cross-origin-resource-policy": "same-origin",
    // For an image or a script that is opened as a page.
    "content-security-policy": contentSecurityPolicy,
  });
  if (headers["if-none-match"] === file.etag) return reply.code(304).send();
  const encoding = chooseEncoding(file, headers["accept-encoding"]);
  if (encoding !== "identity") void reply.header("content-encoding", encoding);
  return reply.type(file.mediaType).send(file.content[encoding] ?? file.content.identity);
}

function addPageHeaders({ protocol }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.type("text/html; charset=utf-8").headers({
    "content-security-policy": contentSecurityPolicy,
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    // Browsers ignore it on an address that they do not trust, and complain.
    ...(protocol === "https" && { "cross-origin-opener-policy": "same-origin" }),
  });
}
