import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { freePort } from "./free-port";
import { eventually } from "./runs";

/** One request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly method: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/**
 * What is answered: a status, or
 * - `mute`: nothing,
 * - `redirect`: to the path `/target`,
 * - `endless`: 200, and a body that does not end.
 */
export type Behaviour = number | "mute" | "redirect" | "endless";

/** A real HTTP server to which callbacks are posted. */
export class Receiver {
  readonly received: Received[] = [];
  private readonly behaviours = new Map<string, Behaviour[]>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param port where an earlier one was, if it is to be there */
  static async start(port?: number): Promise<Receiver> {
    const server = createServer((request, response) => void receiver.receive(request, response));
    const receiver = new Receiver(server, port ?? (await freePort()));
    await new Promise<void>((resolve) => server.listen(receiver.port, "127.0.0.1", resolve));
    return receiver;
  }

  /** A URL of its own, where the first request is answered in the first way and so on; all that follow in the last. */
  url(path: string, ...behaviours: Behaviour[]): string {
    this.behaviours.set(path, behaviours);
    return `http://127.0.0.1:${this.port}${path}`;
  }

  at(path: string): Received[] {
    return this.received.filter((each) => each.path === path);
  }

  /** What has been received at a path, once it is so much. */
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
      if (!receiver) throw new Error("The receiver is there once the tests run");
      return receiver;
    },
  };
}

/** The payload of a callback, once the library has found that it was signed with this secret. */
export function verified(received: Received | undefined, secret: string): any {
  if (!received) throw new Error("Nothing was received");
  return new Webhook(secret).verify(received.body, received.headers as Record<string, string>);
}
