import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { ownHeaders } from "../../support/console";
import { Socket, type SocketCredential } from "../socket";
import type { Transport } from "./case";
import type { Operation } from "./operation";
import type { Answer, ErrorCode, Result } from "./oracle";

const boundary = "----a-boundary";
const contentTypes = { json: "application/json", multipart: `multipart/form-data; boundary=${boundary}` };

/** On a machine that is busy with other work, a server may be overloaded for a while. */
const maxAttempts = 60;
const retryDelayMs = 1_000;

/** How an operation says who sends it. */
export interface Presented {
  readonly header: SocketCredential;
  /** The page that sends it to the console's paths; undefined for the API's paths. */
  readonly fromPage?: "same-origin" | "cross-site";
}

/** A response, normalized for comparison and as it was received. */
export interface Response {
  readonly answer: Answer;
  readonly text: string;
}

/** Sends operations over every transport. */
export class Driver {
  private readonly pool: Pool;
  private readonly paths: { readonly api: string; readonly console: string };
  private sockets = new Map<string, Promise<Socket>>();

  constructor(
    private readonly url: string,
    connections: number,
  ) {
    this.pool = new Pool(new URL(url).origin, { connections });
    this.paths = { api: new URL(url).pathname, console: new URL("console/graphql", url).pathname };
  }

  /**
   * Sends an operation, and again if the server has more to do than it can.
   *
   * @param isKnown whether an operation over a WebSocket waits until the server knows who sends it
   */
  async send(transport: Transport, presented: Presented, operation: Operation, isKnown: boolean): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.sendOnce(transport, presented, operation, isKnown);
      if (!isOverloaded(response.answer) || attempt === maxAttempts) return response;
      if (transport === "WebSocket") this.sockets.delete(nameOf(presented.header));
      await delay(retryDelayMs);
    }
  }

  private sendOnce(
    transport: Transport,
    presented: Presented,
    operation: Operation,
    isKnown: boolean,
  ): Promise<Response> {
    const path = presented.fromPage ? this.paths.console : this.paths.api;
    switch (transport) {
      case "POST":
        return this.request(path, presented, contentTypes.json, JSON.stringify(operation));
      case "multipart":
        return this.request(path, presented, contentTypes.multipart, multipart(operation));
      case "SSE": {
        const streamPath = presented.fromPage ? path.replace(/graphql$/, "stream") : `${path}/stream`;
        return this.request(streamPath, presented, contentTypes.json, JSON.stringify(operation));
      }
      case "GET": {
        const search = new URLSearchParams({ query: operation.query, variables: JSON.stringify(operation.variables) });
        return this.request(`${path}?${search.toString()}`, presented);
      }
      case "WebSocket":
        return this.overSocket(presented.header, operation, isKnown);
    }
  }

  /** Closes all WebSockets. Later operations open new ones. */
  async closeSockets(): Promise<void> {
    const sockets = [...this.sockets.values()];
    this.sockets = new Map();
    for (const socket of sockets) (await socket).leave();
  }

  async close(): Promise<void> {
    await this.closeSockets();
    await this.pool.destroy();
  }

  private async request(
    path: string,
    { header, fromPage }: Presented,
    type?: string,
    content?: string,
  ): Promise<Response> {
    const { statusCode, headers, body } = await this.pool.request({
      method: content === undefined ? "GET" : "POST",
      path,
      headers: {
        ...(header && { [header[0]]: header[1] }),
        ...(fromPage && { ...ownHeaders, "sec-fetch-site": fromPage }),
        ...(type !== undefined && { "content-type": type }),
        ...(path.endsWith("/stream") && { accept: "text/event-stream" }),
        "apollo-require-preflight": "1",
      },
      body: content ?? null,
    });
    const text = await body.text();
    const isStream = String(headers["content-type"]).startsWith("text/event-stream");
    const answer = isStream
      ? parseEvents(statusCode, text)
      : { how: statusCode, results: [resultOf(JSON.parse(text))] };
    return { answer, text };
  }

  private async overSocket(credential: SocketCredential, operation: Operation, isKnown: boolean): Promise<Response> {
    const { how, results } = isKnown
      ? await (await this.socketOf(credential)).ask(operation)
      : await Socket.askBeforeAck(this.url, credential, operation);
    return { answer: { how, results: results.map(resultOf) }, text: JSON.stringify(results) };
  }

  private socketOf(credential: SocketCredential): Promise<Socket> {
    const name = nameOf(credential);
    let socket = this.sockets.get(name);
    if (!socket) this.sockets.set(name, (socket = Socket.open(this.url, credential)));
    return socket;
  }
}

const nameOf = (credential: SocketCredential): string => credential?.[1] ?? "";

const isOverloaded = ({ how, results }: Answer): boolean =>
  how === "closed with 1013" || results.some(({ errors }) => errors?.some(({ code }) => code === "UNAVAILABLE"));

/** Encodes a GraphQL multipart request, with a file if the operation has a variable for it. */
function multipart(operation: Operation): string {
  const hasFile = "file" in operation.variables;
  const parts = [
    ['name="operations"', JSON.stringify(operation)],
    ['name="map"', JSON.stringify(hasFile ? { file: ["variables.file"] } : {})],
    ...(hasFile ? [['name="file"; filename="barn.txt"', "The barn is red."]] : []),
  ];
  const texts = parts.map(([name = "", text = ""]) => `content-disposition: form-data; ${name}\r\n\r\n${text}\r\n`);
  return `${texts.map((text) => `--${boundary}\r\n${text}`).join("")}--${boundary}--\r\n`;
}

function parseEvents(status: number, text: string): Answer {
  const events = [...text.matchAll(/^event: (\w+)\ndata: ?(.*)$/gm)];
  const isComplete = events.at(-1)?.[1] === "complete";
  const results = events.filter(([, event]) => event === "next").map(([, , data = ""]) => resultOf(JSON.parse(data)));
  return { how: isComplete ? status : `${status}, incomplete`, results };
}

/** Drops messages, locations and the fields of invalid arguments. */
function resultOf(result: unknown): Result {
  const { errors, ...rest } = result as { errors?: { path?: []; extensions: ErrorCode & { fields?: unknown } }[] };
  if (!errors) return rest;
  return {
    ...rest,
    errors: errors.map(({ path, extensions: { fields: _fields, ...extensions } }) => ({
      ...extensions,
      ...(path && { path }),
    })),
  };
}
