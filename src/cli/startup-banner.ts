import { shellQuote } from "../platform/process/shell-quote";
import { version } from "../platform/process/version";
import type { RunningServer } from "../server";

/** Shows the operator the addresses, the administrator's key and one example call. */
export function startupBanner({
  url,
  consoleUrl,
  adminKeyFile,
}: Pick<RunningServer, "url" | "consoleUrl" | "adminKeyFile">): string {
  const key = adminKeyFile === undefined ? "$ADMIN_KEY" : `$(cat ${shellQuote(adminKeyFile)})`;
  return `
Latchkey ${version} is ready.

${consoleUrl === undefined ? "" : `  Console    ${consoleUrl} (open it in a browser)\n`}  API        ${url}
  Admin key  ${adminKeyFile ?? "the value of ADMIN_KEY"}

Try it:

  curl -s ${url} \\
    -H "authorization: Bearer ${key}" \\
    -H 'content-type: application/json' \\
    -d '{"query": "{ viewer { kind name } }"}'

`;
}
