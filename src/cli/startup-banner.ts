import type { RunningServer } from "../server";

/** What a person sees who has started the server: where things are, and one call to paste. */
export function startupBanner({ url, adminKeyFile }: Pick<RunningServer, "url" | "adminKeyFile">): string {
  const key = adminKeyFile === undefined ? "$ADMIN_KEY" : `$(cat ${quoted(adminKeyFile)})`;
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

/** As a shell reads it back, whatever is in it. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
