import { browserPage, type BrowserPage } from "./browser-page";

const style = `  body { max-width: 46rem; margin: 0 auto; padding: 1rem 2rem; font: 16px/1.5 system-ui, sans-serif; color: light-dark(#15181d, #e7eaee); background: light-dark(#fff, #15181c); }
  h2 { margin-top: 2.5rem; font-size: 1.1rem; }
  a { color: light-dark(#2456d6, #86a9ff); }
  pre { padding: 1rem; overflow-x: auto; border-radius: 6px; background: light-dark(#f1f3f6, #252a31); }
  label { display: block; margin-bottom: 1rem; }
  input, button { box-sizing: border-box; padding: .4rem .75rem; border: 1px solid light-dark(#858d99, #6a737f); border-radius: 6px; font: inherit; color: inherit; background: transparent; }
  input { display: block; width: 100%; max-width: 32rem; margin-top: .25rem; }
  button { cursor: pointer; }`;

/**
 * The page for a browser: how the API is called, and the way to Apollo Sandbox. It runs no script but its own, so that a
 * key can be typed here: Sandbox opens in another tab, which hands its operations to this one and gets the answers.
 *
 * @param endpoint the URL that the browser requested; untrusted
 */
export function landingPage(endpoint: string): BrowserPage {
  return browserPage({ style, body: bodyWith(escapeHtml(endpoint)), script, policy: ["connect-src 'self'"] });
}

const bodyWith = (endpoint: string): string => `<main>
  <h1>Latchkey</h1>
  <p>A GraphQL API that keeps AI agents behind scoped API keys.</p>
  <p>The endpoint is <code class="endpoint">${endpoint}</code>. Send a key in the header <code>x-api-key</code>, or the
    administrator's key in <code>authorization: Bearer ...</code>:</p>
  <pre>curl -s <span class="endpoint">${endpoint}</span> \\
  -H 'content-type: application/json' \\
  -H 'x-api-key: latchkey_...' \\
  -d '{"query": "{ viewer { kind name permissions { agents runtime } } }"}'</pre>
  <p>Subscriptions: over a WebSocket at the same URL, or over server-sent events at <code><span class="endpoint">${endpoint}</span>/stream</code>.</p>
  <h2>Apollo Sandbox</h2>
  <p>Sandbox is a page of Apollo, at apollographql.com, for writing operations. It sees the schema, what you write in it and
    the answers, but not the key: this tab keeps the key, and sends with it what Sandbox asks for. Use a key that may do
    no more than you want to try, and close this tab when you are done.</p>
  <form id="sandbox">
    <label>Key, kept in this tab alone
      <input id="key" type="password" autocomplete="off" spellcheck="false" placeholder="latchkey_..."></label>
    <button>Open Apollo Sandbox</button>
    <p id="state" role="status"></p>
  </form>
</main>`;

const script = `  // Behind a proxy, the browser alone knows the address.
  const endpoint = location.origin + location.pathname;
  for (const shown of document.getElementsByClassName("endpoint")) shown.textContent = endpoint;

  // The tab with Sandbox alone knows its name.
  const channel = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const sandbox = new BroadcastChannel(channel);
  sandbox.onmessage = async ({ data: { id, body } }) => {
    sandbox.postMessage({ id, isReceived: true });
    sandbox.postMessage({ id, ...(await execute(String(body))) });
  };

  // Whatever Sandbox names, the request goes to this endpoint, with this key and no cookie.
  async function execute(body) {
    const key = document.getElementById("key").value.trim();
    const headers = { "content-type": "application/json", accept: "application/json" };
    if (key.startsWith("latchkey_")) headers["x-api-key"] = key;
    else if (key) headers.authorization = "Bearer " + key;
    try {
      const answer = await fetch(endpoint, { method: "POST", headers, body, credentials: "omit" });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return { status: 503, text: JSON.stringify({ errors: [{ message: "The server can't be reached." }] }) };
    }
  }

  document.getElementById("sandbox").addEventListener("submit", (event) => {
    event.preventDefault();
    // Without a handle of this window, no script of that tab reaches the key.
    open(endpoint + "?sandbox=tab#" + channel, "_blank", "noopener");
    document.getElementById("state").textContent = "Sandbox is open in another tab. It needs this one as long as you use it.";
  });`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
