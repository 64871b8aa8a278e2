/** The port of a URL, or the default port of its protocol. */
export const portOf = ({ port, protocol }: { readonly port: string; readonly protocol: string }): number =>
  Number(port) || (protocol === "https:" ? 443 : 80);

/** What is wrong with a text as a URL that is called, wherever it leads; undefined where nothing is. */
export function urlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    return "must be an address that begins with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must have no user name and password";
  return undefined;
}

/** The same for a URL that paths are added to. */
export function addressFault(text: string): string | undefined {
  const fault = urlFault(text);
  if (fault !== undefined) return fault;
  const { search, hash } = new URL(text);
  return search === "" && hash === "" ? undefined : "must have no query and no fragment";
}

export const addressRefused = "must be of the public network, or allowed by the operator with MODEL_ALLOWED_HOSTS";
