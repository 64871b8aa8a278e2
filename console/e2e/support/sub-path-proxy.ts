import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface SubPathProxy {
  /** The address that the server has below the path, with a slash at its end. */
  readonly url: string;
  close(): void;
}

/** A proxy that serves a server below a path, as `location /tools/latchkey/ { proxy_pass ...; }` of nginx does. */
export async function startSubPathProxy(target: string, path: string, passesHost = true): Promise<SubPathProxy> {
  const { hostname, port } = new URL(target);
  const proxy = createServer((incoming, answer) => {
    if (!incoming.url?.startsWith(path)) return void answer.writeHead(404).end("not here");
    const { host, ...headers } = incoming.headers;
    const outgoing = request(
      {
        hostname,
        port,
        method: incoming.method,
        path: `/${incoming.url.slice(path.length)}`,
        headers: { ...headers, host: passesHost ? host : `${hostname}:${port}` },
      },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const { port: ownPort } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${ownPort}${path}`,
    close() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
