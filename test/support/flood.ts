import { connect, type Socket } from "node:net";
import type { Client } from "./client";

/** Requests that each connection sends at once. */
const depth = 4;

/** Connections with one credential that send more requests than a server can answer, until they are stopped. */
export class Flood {
  private readonly sockets: Socket[] = [];

  constructor({ url, credential }: Client, connections = 150) {
    const { port, hostname, pathname } = new URL(url);
    const body = JSON.stringify({ query: "{ viewer { kind } }" });
    const request =
      `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n${credential?.join(": ")}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (let i = 0; i < connections; i++) {
      const socket = connect(Number(port), hostname);
      let answers = depth;
      // A response of the server begins with its status; each is answered by another request.
      socket.setEncoding("latin1").on("data", (text: string) => {
        answers += text.split("HTTP/1.1 ").length - 1;
        const next = Math.min(answers, depth);
        answers -= next;
        if (next > 0) socket.write(request.repeat(next));
      });
      socket.on("error", () => undefined);
      socket.on("connect", () => {
        answers = 0;
        socket.write(request.repeat(depth));
      });
      this.sockets.push(socket);
    }
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
