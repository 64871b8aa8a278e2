import type { IncomingMessage } from "node:http";
import { ApiError } from "../../errors";
import { urlOf } from "../../platform/url";

/** The header that the console sends with each request. No page of another origin can without being allowed to. */
export const consoleHeader = "x-latchkey-console";

const refused = (message: string) => new ApiError("FORBIDDEN", message, { extensions: { reason: "ORIGIN" } });

/**
 * Makes sure that a request with a cookie comes from the console's own pages, as browsers add cookies by themselves. A
 * browser says so by `Sec-Fetch-Site` on https and on this machine, and by `Origin` elsewhere.
 *
 * @throws FORBIDDEN that says what a proxy has to pass
 */
export function assertFromConsole({ headers }: Pick<IncomingMessage, "headers">): void {
  if (!headers[consoleHeader])
    throw refused(
      `Requests of the console have the header \`${consoleHeader}: 1\`, which this one lacks. A proxy in front of the server has to pass it.`,
    );
  const site = headers["sec-fetch-site"];
  if (site === "same-origin") return;
  if (site !== undefined)
    throw refused(
      "This request comes from a page that is not the console's (`Sec-Fetch-Site`). Open the console itself.",
    );
  const { origin, host } = headers;
  if (origin === undefined) return;
  const hosts = [host, ...String(headers["x-forwarded-host"] ?? "").split(",")].map((each) => each?.trim());
  if (!hosts.some((each) => isOf(origin, each)))
    throw refused(
      "The page's address (`Origin`) has another host than the server was asked for. If a proxy is in front of the server, it has to pass the header `Host` as the browser sent it (nginx: `proxy_set_header Host $http_host;`), or send it as `X-Forwarded-Host`.",
    );
}

/** Compares without the scheme, which a proxy that ends TLS changes. */
function isOf(origin: string, host: string | undefined): boolean {
  const page = urlOf(origin);
  if (!host || !page?.host) return false;
  return urlOf(`${page.protocol}//${host}`)?.host === page.host;
}
