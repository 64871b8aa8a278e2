/**
 * Parses a URL. `URL.canParse` of Node.js 20 and 22 is not used: after some thousand calls it refuses URLs whose host is
 * not in ASCII.
 *
 * @returns undefined for a text that is no absolute URL
 */
export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Parses the URL of a server that may have a user name and a password.
 *
 * @returns the URL, or what is wrong with it if that can be told
 */
export function serverUrlOf(text: string): { url?: URL; fault?: string } {
  const [, authority = ""] = /^[a-z]+:\/\/(.*)$/is.exec(text) ?? [];
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !isEncoded(authority.slice(0, at))) {
    return {
      fault:
        "must have its user name and password percent-encoded: `%` is written %25, `@` %40, `:` %3A, `/` %2F, `?` %3F and `#` %23",
    };
  }
  const [, digits] = /^(?:\[[^\]]*\]|[^/?#:]*):(\d+)(?:[/?#]|$)/.exec(authority.slice(at + 1)) ?? [];
  if (digits !== undefined && (Number(digits) < 1 || Number(digits) > 65_535))
    return { fault: "must have a port from 1 to 65535" };
  const url = urlOf(text);
  return url ? { url } : {};
}

/** Whether a user name and a password, separated by a colon, have nothing that ends them, and only valid escapes. */
function isEncoded(credentials: string): boolean {
  if (!/^[^:@/?#\s\\]*(?::[^:@/?#\s\\]*)?$/.test(credentials)) return false;
  try {
    decodeURIComponent(credentials);
    return true;
  } catch {
    return false;
  }
}
