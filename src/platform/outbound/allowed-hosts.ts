import { urlOf } from "../url";

/** A host that may be called although it may not be on the public network. */
export interface AllowedHost {
  /** As in a URL: in lower case, an IPv6 address in brackets. */
  readonly hostname: string;
  /** Undefined: any port. */
  readonly port: number | undefined;
}

/** Parses `host` and `host:port`, separated by commas. @returns undefined if one of them is invalid */
export function allowedHostsOf(text: string): AllowedHost[] | undefined {
  const entries = text.split(",").map((entry) => entry.trim());
  const hosts = entries.filter((entry) => entry !== "").map(allowedHostOf);
  return hosts.every((host) => host !== undefined) ? hosts : undefined;
}

function allowedHostOf(entry: string): AllowedHost | undefined {
  const [, host = "", digits] = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\*]+)(?::(\d{1,5}))?$/i.exec(entry) ?? [];
  const url = host === "" ? undefined : urlOf(`http://${host}/`);
  const port = digits === undefined ? undefined : Number(digits);
  if (!url || (port !== undefined && (port < 1 || port > 65_535))) return undefined;
  return { hostname: url.hostname, port };
}

export const isAllowed = (hosts: readonly AllowedHost[], hostname: string, port: number): boolean =>
  hosts.some((host) => host.hostname === hostname && (host.port === undefined || host.port === port));
