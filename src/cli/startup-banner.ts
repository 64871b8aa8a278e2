import { shellQuote } from "../platform/process/shell-quote";
import type { RunningServer } from "../server";

/** Shows the operator the addresses, the administrator's key and one example call. */
export function startupBanner({ url, adminKeyFile }: Pick<RunningServer, "url" | "adminKeyFile">): string {
  const key = adminKeyFile === undefined ? "$ADMIN_KEY" : `$(cat ${shellQuote(adminKeyFile)})`;
  return `
Latchkey is ready.

  API        ${url}
  Sandbox    ${url} (open it in a browser)
  Admin key  ${adminKeyFile ?? "the value of ADMIN_KEY"}

Try it:

  curl -s ${url} \\
    -H "authorization: Bearer ${key}" \\
    -H 'content-type: application/json' \\
    -d '{"query": "{ viewer { kind name } }"}'

`;
}
