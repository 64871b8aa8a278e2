/** A host that may be called wherever it is, at one port or, where none is named, at any. */
export interface AllowedHost {
  /** As a URL has it: in lower case, an IPv6 address in brackets. */
  readonly hostname: string;
  readonly port: number | undefined;
}

/** Reads `host` and `host:port`, separated by commas; undefined where one of them is neither. */
export function allowedHostsOf(text: string): AllowedHost[] | undefined {
  const entries = text.split(",").map((entry) => entry.trim());
  const hosts = entries.filter((entry) => entry !== "").map(allowedHostOf);
  return hosts.every((host) => host !== undefined) ? hosts : undefined;
}

function allowedHostOf(entry: string): AllowedHost | undefined {
  const [, host = "", digits] = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\*]+)(?::(\d{1,5}))?$/i.exec(entry) ?? [];
  const url = `http://${host}/`;
  const port = digits === undefined ? undefined : Number(digits);
  if (host === "" || !URL.canParse(url) || (port !== undefined && (port < 1 || port > 65_535))) return undefined;
  return { hostname: new URL(url).hostname, port };
}

export const isAllowed = (hosts: readonly AllowedHost[], hostname: string, port: number): boolean =>
  hosts.some((host) => host.hostname === hostname && (host.port === undefined || host.port === port));
