/** What is wrong with a text as an address that is called, wherever it leads; undefined where nothing is. */
export function addressFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    return "must be an address that begins with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must have no user name and password";
  if (url.search !== "" || url.hash !== "") return "must have no query and no fragment";
  return undefined;
}

export const addressRefused = "must be of the public network, or allowed by the operator with MODEL_ALLOWED_HOSTS";
