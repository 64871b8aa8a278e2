import { browserPage, type BrowserPage } from "./browser-page";

/**
 * The script of Apollo that puts Sandbox into a page (https://www.apollographql.com/docs/graphos/platform/sandbox). A
 * version of it, and the hash of its bytes: a browser runs nothing else that may come from there.
 */
const sandboxScript = {
  url: "https://embeddable-sandbox.cdn.apollographql.com/02e2da0fccbe0240ef03d2396d6c98559bab5b06/embeddable-sandbox.umd.production.min.js",
  integrity: "sha256-asj/scPAF8jmMGj1J+YwCHps3uI57AZ78cHs0bJkML4=",
} as const;

/**
 * The page with Apollo Sandbox, whose script is foreign. It knows no key and may connect to nothing, so that the script
 * can't use the cookie of a console on this server either: operations go through the tab that has opened it.
 */
export function sandboxPage(): BrowserPage {
  return browserPage({
    style,
    body,
    script,
    policy: ["frame-src https://sandbox.embed.apollographql.com", "connect-src 'none'"],
  });
}

const style = `  html, body { height: 100%; margin: 0; font: 16px/1.5 system-ui, sans-serif; }
  #sandbox { height: 100%; }
  #sandbox iframe { width: 100%; height: 100%; border: 0; }
  p { padding: 1rem 2rem; }`;

const body = `<div id="sandbox"></div>
<script nonce="\${nonce}" src="${sandboxScript.url}" integrity="${sandboxScript.integrity}" crossorigin="anonymous"></script>`;

const firstOperation = `# Latchkey's other tab adds the key that you have typed there.
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

const script = `  const endpoint = location.origin + location.pathname;
  const key = new BroadcastChannel(location.hash.slice(1) || "none");
  const isAliveMs = 3000;
  let requests = 0;

  // The body of an operation goes to the tab with the key, and its answer comes back.
  function handleRequest(url, { body }) {
    if (typeof body !== "string") return Promise.resolve(failure("Files can't be sent from Sandbox. Use curl, or the console."));
    const id = ++requests;
    return new Promise((resolve) => {
      const end = (response) => {
        clearTimeout(timer);
        key.removeEventListener("message", listen);
        resolve(response);
      };
      const timer = setTimeout(() => end(failure("The tab with the key is closed. Open Sandbox from there again.")), isAliveMs);
      const listen = ({ data }) => {
        if (data.id !== id) return;
        if (data.isReceived) clearTimeout(timer);
        else end(responseOf(data));
      };
      key.addEventListener("message", listen);
      key.postMessage({ id, body });
    });
  }
  const responseOf = ({ status, text }) => new Response(text, { status, headers: { "content-type": "application/json" } });
  const failure = (message) => responseOf({ status: 503, text: JSON.stringify({ errors: [{ message }] }) });

  if (window.EmbeddedSandbox) {
    new window.EmbeddedSandbox({
      target: "#sandbox",
      initialEndpoint: endpoint,
      endpointIsEditable: false,
      runTelemetry: false,
      allowDynamicStyles: false,
      initialState: { document: ${JSON.stringify(firstOperation)}, pollForSchemaUpdates: false },
      handleRequest,
    });
  } else {
    const sorry = document.createElement("p");
    sorry.textContent = "Apollo Sandbox can't be loaded: this browser does not reach apollographql.com, or the script there is not the one that this version of Latchkey expects.";
    document.getElementById("sandbox").replaceWith(sorry);
  }`;
