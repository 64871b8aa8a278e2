import { randomBytes } from "node:crypto";

const scriptOrigin = "https://embeddable-sandbox.cdn.apollographql.com";
const frameOrigin = "https://sandbox.embed.apollographql.com";
const iconOrigin = "https://embeddable-explorer.cdn.apollographql.com";

const firstOperation = `# Enter the key above, or a header below:
# "x-api-key" for an API key, "authorization": "Bearer ..." for the administrator's.
query Viewer {
  viewer {
    kind
    name
    permissions {
      agents
      runtime
    }
  }
}
`;

export interface LandingPage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

/**
 * Creates the page for a browser: Apollo Sandbox (https://www.apollographql.com/docs/graphos/platform/sandbox), or
 * instructions if the script of Apollo can't be loaded. An entered key is sent only to this server, in a header.
 *
 * @param endpoint the URL that the browser requested; untrusted
 */
export function landingPage(endpoint: string): LandingPage {
  const nonce = randomBytes(16).toString("base64");
  const contentSecurityPolicy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' ${scriptOrigin}`,
    `style-src 'nonce-${nonce}'`,
    `frame-src ${frameOrigin}`,
    `img-src ${iconOrigin}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html: render(escapeHtml(endpoint), nonce), contentSecurityPolicy };
}

const render = (endpoint: string, nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Latchkey</title>
<style nonce="${nonce}">
  html, body { height: 100%; margin: 0; }
  body { display: flex; flex-direction: column; font: 16px/1.5 system-ui, sans-serif; color: #1b2430; background: #fff; }
  header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; padding: .5rem 1rem; background: #1b2430; color: #fff; }
  header strong { font-size: 1.1rem; }
  header label { display: none; flex: 1; gap: .5rem; align-items: center; font-size: .9rem; }
  header input { flex: 1; max-width: 40rem; padding: .3rem .5rem; border: 0; border-radius: 4px; font: .9rem ui-monospace, monospace; }
  main { max-width: 46rem; padding: 1rem 2rem; }
  pre { padding: 1rem; overflow-x: auto; border-radius: 4px; background: #f1f3f6; }
  #sandbox { display: none; flex: 1; }
  #sandbox iframe { width: 100%; height: 100%; border: 0; }
  .loaded header label { display: flex; }
  .loaded #sandbox { display: block; }
  .loaded main { display: none; }
</style>
</head>
<body>
<header>
  <strong>Latchkey</strong>
  <label>Key <input id="key" type="password" autocomplete="off" spellcheck="false"
    placeholder="x-api-key: latchkey_..., or the administrator's key"></label>
</header>
<div id="sandbox"></div>
<main>
  <h1>Latchkey</h1>
  <p>A GraphQL API that keeps AI agents behind scoped API keys. Apollo Sandbox opens here if this browser can reach it.</p>
  <p>The endpoint is <code>${endpoint}</code>. Send a key in the header <code>x-api-key</code>, or the
    administrator's key in <code>authorization: Bearer ...</code>:</p>
  <pre>curl -s ${endpoint} \\
  -H 'content-type: application/json' \\
  -H 'x-api-key: latchkey_...' \\
  -d '{"query": "{ viewer { kind name permissions { agents runtime } } }"}'</pre>
  <p>Subscriptions: over a WebSocket at the same URL, or over server-sent events at <code>${endpoint}/stream</code>.</p>
</main>
<script nonce="${nonce}" src="${scriptOrigin}/_latest/embeddable-sandbox.umd.production.min.js"></script>
<script nonce="${nonce}">
  if (window.EmbeddedSandbox) {
    document.body.classList.add("loaded");
    new window.EmbeddedSandbox({
      target: "#sandbox",
      initialEndpoint: location.origin + location.pathname,
      endpointIsEditable: false,
      initialState: { document: ${JSON.stringify(firstOperation)}, headers: { "x-api-key": "" }, pollForSchemaUpdates: false },
      handleRequest(url, options) {
        const headers = new Headers(options.headers);
        for (const name of ["x-api-key", "authorization"]) if (!headers.get(name)) headers.delete(name);
        const key = document.getElementById("key").value.trim();
        if (key && !headers.has("x-api-key") && !headers.has("authorization")) {
          if (key.startsWith("latchkey_")) headers.set("x-api-key", key);
          else headers.set("authorization", "Bearer " + key);
        }
        headers.set("apollo-require-preflight", "1");
        return fetch(url, { ...options, headers });
      },
    });
  }
</script>
</body>
</html>
`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
