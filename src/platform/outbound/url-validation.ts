import { urlOf } from "../url";

/** The port of a URL, or the default port of its protocol. */
export const portOf = ({ port, protocol }: { readonly port: string; readonly protocol: string }): number =>
  Number(port) || (protocol === "https:" ? 443 : 80);

/** @returns why a text is not a valid URL for outbound requests; undefined if it is. Does not check where it leads. */
export function urlFault(text: string): string | undefined {
  const url = urlOf(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    return "must be a URL that begins with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must not contain a user name or a password";
  return undefined;
}

/** The same for a URL to which paths are appended. */
export function addressFault(text: string): string | undefined {
  const problem = urlFault(text);
  if (problem !== undefined) return problem;
  const { search, hash } = new URL(text);
  return search === "" && hash === "" ? undefined : "must not have a query or a fragment";
}

export const addressRefused = (variable: "MODEL_ALLOWED_HOSTS" | "TOOL_ALLOWED_HOSTS") =>
  `must be on the public network, or allowed by the operator with ${variable}`;
