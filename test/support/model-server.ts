import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { dialects } from "./provider-dialects";

/** A request that the model server received. */
export interface ModelCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
  /** Whether the caller closed the connection before the answer was complete. */
  readonly closed: Promise<boolean>;
  /** When the connection was closed or the answer was complete, in milliseconds of a monotonic clock. */
  readonly endedAt: Promise<number>;
  /** Bytes written to the connection since it was opened. */
  readonly sent: () => number;
}

/** The tool calls that the user's message ends with, as `[["tool", {...}], ...]`. */
const callsIn = (body: any): [string, unknown][] => {
  const { content } =
    (body.messages as { role: string; content: string }[]).findLast(({ role }) => role === "user") ?? {};
  return JSON.parse(content?.slice(content.indexOf("[[")) ?? "[]") as [string, unknown][];
};

/** @param nth how often the same request was received, from 1 */
type Behaviour = (response: ServerResponse, call: ModelCall, nth: number) => void | Promise<void>;

const chunk = (response: ServerResponse, value: object): boolean =>
  response.write(
    `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "m", ...value })}\n\n`,
  );

const say = (response: ServerResponse, content: string, more: object = {}): boolean =>
  chunk(response, { choices: [{ index: 0, delta: { content } }], ...more });

function begin(response: ServerResponse): void {
  if (response.headersSent) return;
  response.writeHead(200, { "content-type": "text/event-stream" });
  chunk(response, { choices: [{ index: 0, delta: { role: "assistant", content: "" } }] });
}

function finish(response: ServerResponse, reason = "stop"): void {
  chunk(response, { choices: [{ index: 0, delta: {}, finish_reason: reason }] });
  chunk(response, { choices: [], usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 } });
  response.end("data: [DONE]\n\n");
}

function callTools(response: ServerResponse, calls: readonly (readonly [name: string, input: unknown])[]): void {
  begin(response);
  for (const [index, [name, input]] of calls.entries()) {
    const text = typeof input === "string" ? input : JSON.stringify(input);
    const head = { index, id: `call_${randomUUID()}`, type: "function", function: { name, arguments: "" } };
    chunk(response, { choices: [{ index: 0, delta: { tool_calls: [head] } }] });
    for (const part of text.match(/[^]{1,20000}/g) ?? []) {
      chunk(response, { choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: part } }] } }] });
    }
  }
  finish(response, "tool_calls");
}

/** The results of tool calls in a request. */
const resultsIn = (body: any): string[] =>
  (body.messages as { role: string; content: string }[])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => content);

const fail = (response: ServerResponse, status: number, { headers }: ModelCall, more: object = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...more });
  // Some providers repeat the API key in their error messages.
  response.end(JSON.stringify({ error: { message: `no good: ${String(headers.authorization)}`, type: "error" } }));
};

/** The behaviours of the server, by the name of the model. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  good: (response) => {
    begin(response);
    for (const word of ["The ", "barn ", "is ", "red ", "[1]."]) say(response, word);
    finish(response);
  },
  /** Reports no usage. */
  silent: (response) => {
    begin(response);
    for (const word of ["It ", "is ", "red."]) say(response, word);
    chunk(response, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    response.end("data: [DONE]\n\n");
  },
  /** Stalls in the middle of the answer, without usage. */
  "silent-stall": (response) => {
    begin(response);
    say(response, "Well, ");
  },
  drip: async (response) => {
    begin(response);
    for (let i = 0; i < 20 && !response.destroyed; i++) {
      say(response, `${i} `);
      await delay(20);
    }
    finish(response);
  },
  /** Takes half a second, so that a test can kill the server at any point of a run. */
  trickle: async (response) => {
    begin(response);
    for (let i = 0; i < 10 && !response.destroyed; i++) {
      say(response, `${i} `);
      await delay(50);
    }
    finish(response);
  },
  /** Never answers. */
  mute: () => undefined,
  /** Stalls in the middle of the answer, after it has reported usage. */
  stall: (response) => {
    begin(response);
    say(response, "Well, ", { usage: { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 } });
  },
  /** Stalls in the middle of the answer the first time. */
  "stall-once": (response, call, nth) => behaviours[nth > 1 ? "good" : "stall"]?.(response, call, nth),
  /** Sends a word every 100 ms until the client disconnects. */
  talk: async (response) => {
    begin(response);
    for (let i = 0; !response.destroyed; i++) {
      say(response, `${i} `);
      await delay(100);
    }
  },
  /** Sends this process's monotonic time every 150 ms until the client disconnects. */
  clock: async (response) => {
    begin(response);
    while (!response.destroyed) {
      say(response, `${performance.now().toFixed(1)} `);
      await delay(150);
    }
  },
  /** Behaves like `talk` the first time. */
  "talk-once": (response, call, nth) => behaviours[nth > 1 ? "good" : "talk"]?.(response, call, nth),
  /** The connection breaks in the middle of the answer. */
  drop: (response) => {
    begin(response);
    say(response, "Well, ", { usage: { prompt_tokens: 11, completion_tokens: 2 } });
    setTimeout(() => response.destroy(), 200);
  },
  /** The connection breaks before the answer begins, the first time. */
  "drop-once": (response, call, nth) => {
    if (nth > 1) return behaviours["good"]?.(response, call, nth);
    begin(response);
    setTimeout(() => response.destroy(), 50);
  },
  /** The stream ends without a finish reason. */
  cut: (response) => {
    begin(response);
    say(response, "Well, ");
    response.end();
  },
  "429": (response, call) => fail(response, 429, call, { "retry-after": "0" }),
  "429-once": (response, call, nth) =>
    nth > 1 ? behaviours["good"]?.(response, call, nth) : fail(response, 429, call, { "retry-after": "0" }),
  "429-long": (response, call) => fail(response, 429, call, { "retry-after": "3600" }),
  "500": (response, call) => fail(response, 500, call, { "retry-after-ms": "1" }),
  "500-once": (response, call, nth) =>
    nth > 1 ? behaviours["good"]?.(response, call, nth) : fail(response, 500, call),
  "401": (response, call) => fail(response, 401, call),
  "400": (response, call) => fail(response, 400, call),
  /** Reports an error inside the stream. */
  error: (response, { headers }) => {
    begin(response);
    say(response, "Well, ");
    response.end(`data: ${JSON.stringify({ error: { message: `no good: ${String(headers.authorization)}` } })}\n\n`);
  },
  garbage: (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end("data: {not json\n\n");
  },
  /** Calls the tools that the user's message names, then answers with their results. */
  tools: (response, { body }) => {
    const results = resultsIn(body);
    if (results.length === 0) {
      callTools(response, callsIn(body));
      return;
    }
    begin(response);
    say(response, `Results: ${results.join(" and ")}`);
    finish(response);
  },
  /** Calls tools, and fails after their results arrive. */
  "tools-500": (response, { body, ...more }) => {
    if (resultsIn(body).length === 0) callTools(response, callsIn(body));
    else fail(response, 500, { body, ...more }, { "retry-after-ms": "1" });
  },
  /** Sends text and calls tools in each step. */
  "tools-again": (response, { body }) => {
    begin(response);
    say(response, "Once more.");
    callTools(response, callsIn(body));
  },
  length: (response) => {
    begin(response);
    say(response, "Well, ");
    finish(response, "length");
  },
  /** Sends text as fast as it can until the client disconnects. */
  endless: (response) => {
    begin(response);
    const write = () => {
      while (!response.destroyed && say(response, "and on ".repeat(500)));
    };
    response.on("drain", write);
    write();
  },
  redirect: (response) => {
    response.writeHead(307, { location: "/elsewhere/chat/completions" }).end();
  },
};

/**
 * An HTTP server with OpenAI's Chat Completions API, whose behaviour depends on the model's name, and with the APIs of the
 * other providers, which always answer correctly.
 */
export class ModelServer {
  readonly calls: ModelCall[] = [];
  private readonly counts = new Map<string, number>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  static async start(): Promise<ModelServer> {
    const started = new ModelServer();
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** The calls whose body contains the text. */
  callsWith(text: string): ModelCall[] {
    return this.calls.filter(({ body }) => JSON.stringify(body).includes(text));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString());
    const closed = new Promise<boolean>((resolve) => response.on("close", () => resolve(!response.writableFinished)));
    const endedAt = closed.then(() => performance.now());
    const call: ModelCall = {
      path: request.url ?? "",
      headers: request.headers,
      body,
      closed,
      endedAt,
      sent: () => request.socket.bytesWritten,
    };
    this.calls.push(call);

    const key = JSON.stringify(body);
    const nth = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, nth);
    const dialect = dialects.find(({ path }) => path.test(call.path));
    if (dialect) dialect.answer(response);
    else await behaviours[body.model as string]?.(response, call, nth);
  }
}

/** Runs a model server for the tests of a file. */
export function useModelServer(): { readonly current: ModelServer } {
  let server: ModelServer | undefined;
  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The model server is only available inside tests");
      return server;
    },
  };
}
