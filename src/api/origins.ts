import type { IncomingMessage } from "node:http";
import { urlOf } from "../platform/url";

/**
 * Whether a page may open this WebSocket. Browsers ask no server for permission first, as they do for other requests,
 * but send the page's origin; other clients send none.
 *
 * @param allowed the origins that may use the API; the server's own always may
 */
export function isAllowedUpgrade({ headers: { origin, host } }: IncomingMessage, allowed: readonly string[]): boolean {
  return origin === undefined || allowed.includes(origin) || isOwnOrigin(origin, host);
}

/** Compares without the scheme, which a proxy that ends TLS changes. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const page = urlOf(origin);
  if (host === undefined || page === undefined || page.host === "") return false;
  return urlOf(`${page.protocol}//${host}`)?.host === page.host;
}
