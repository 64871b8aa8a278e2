import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { freePort } from "./free-port";
import { eventually } from "./runs";

export interface Received {
  readonly path: string;
  readonly method: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/**
 * The answer to a request: a status, or
 * - `mute`: not at all,
 * - `redirect`: with a redirect to `/target`,
 * - `endless`: with 200 and an endless body.
 */
export type Behaviour = number | "mute" | "redirect" | "endless";

/** An HTTP server that receives callbacks. */
export class Receiver {
  readonly received: Received[] = [];
  private readonly behaviours = new Map<string, Behaviour[]>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param port the port of an earlier receiver to replace */
  static async start(port?: number): Promise<Receiver> {
    const server = createServer((request, response) => void receiver.receive(request, response));
    const receiver = new Receiver(server, port ?? (await freePort()));
    await new Promise<void>((resolve) => server.listen(receiver.port, "127.0.0.1", resolve));
    return receiver;
  }

  /** Configures a path: the n-th request gets the n-th behaviour, and all further ones the last. @returns its URL */
  url(path: string, ...behaviours: Behaviour[]): string {
    this.behaviours.set(path, behaviours);
    return `http://127.0.0.1:${this.port}${path}`;
  }

  at(path: string): Received[] {
    return this.received.filter((each) => each.path === path);
  }

  /** Waits until a path has received this many requests. */
  async wait(path: string, count = 1): Promise<[Received, ...Received[]]> {
    await eventually(() => this.at(path).length >= count);
    return this.at(path) as [Received, ...Received[]];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const { method, headers } = request;
    const behaviours = this.behaviours.get(path) ?? [];
    const behaviour = (behaviours.length > 1 ? behaviours.shift() : behaviours[0]) ?? 200;
    const body = await text(request);
    this.received.push({ path, method, headers, body });
    if (typeof behaviour === "number") response.writeHead(behaviour).end("swordfish, says the receiver");
    else if (behaviour === "redirect") response.writeHead(302, { location: "/target" }).end();
    else if (behaviour === "endless") {
      response.writeHead(200);
      const send = () => {
        while (!response.destroyed && response.write("swordfish ".repeat(1_000)));
      };
      response.on("drain", send);
      send();
    }
  }
}

/** Starts a receiver before the tests of a file, and stops it after them. */
export function useReceiver(): { readonly current: Receiver } {
  let receiver: Receiver | undefined;
  beforeAll(async () => {
    receiver = await Receiver.start();
  });
  afterAll(() => receiver?.stop());
  return {
    get current() {
      if (!receiver) throw new Error("The receiver is not available before the tests run");
      return receiver;
    },
  };
}

/** The payload of a callback. @throws {Error} if it was not signed with this secret */
export function verified(received: Received | undefined, secret: string): any {
  if (!received) throw new Error("Nothing was received");
  return new Webhook(secret).verify(received.body, received.headers as Record<string, string>);
}
