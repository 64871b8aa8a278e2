import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { dialects } from "./provider-dialects";

/** One request that a model server got. */
export interface ModelCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
  /** Whether the caller closed the connection before the answer was complete. */
  readonly closed: Promise<boolean>;
  /** How many bytes were written to the connection since it was opened. */
  readonly sent: () => number;
}

/** The calls that the user's message asks for: `[["tool", {...}], ...]` at its end. */
const callsIn = (body: any): [string, unknown][] => {
  const { content } =
    (body.messages as { role: string; content: string }[]).findLast(({ role }) => role === "user") ?? {};
  return JSON.parse(content?.slice(content.indexOf("[[")) ?? "[]") as [string, unknown][];
};

/** Answers one request, whatever way it likes. */
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

/** Calls tools, as far as the model was offered them. */
function call(response: ServerResponse, calls: readonly (readonly [name: string, input: unknown])[]): void {
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

/** What a model is told of the tools that it has called, as the last messages. */
const resultsIn = (body: any): string[] =>
  (body.messages as { role: string; content: string }[])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => content);

const fail = (response: ServerResponse, status: number, { headers }: ModelCall, more: object = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...more });
  // Providers are known to repeat the key that they were sent.
  response.end(JSON.stringify({ error: { message: `no good: ${String(headers.authorization)}`, type: "error" } }));
};

/** What the server does, by the name of the model that is asked. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  good: (response) => {
    begin(response);
    for (const word of ["The ", "barn ", "is ", "red ", "[1]."]) say(response, word);
    finish(response);
  },
  drip: async (response) => {
    begin(response);
    for (let i = 0; i < 20 && !response.destroyed; i++) {
      say(response, `${i} `);
      await delay(20);
    }
    finish(response);
  },
  /** Takes half a second, so that a run can be killed at any point of it. */
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
  /** Stalls within the answer, having told what it took until then. */
  stall: (response) => {
    begin(response);
    say(response, "Well, ", { usage: { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 } });
  },
  /** Stalls within the answer, the first time. */
  "stall-once": (response, call, nth) => behaviours[nth > 1 ? "good" : "stall"]?.(response, call, nth),
  /** Says a word every 100 ms, for as long as somebody listens. */
  talk: async (response) => {
    begin(response);
    for (let i = 0; !response.destroyed; i++) {
      say(response, `${i} `);
      await delay(100);
    }
  },
  /** Says what time it is in this process, every 150 ms, for as long as somebody listens. */
  clock: async (response) => {
    begin(response);
    while (!response.destroyed) {
      say(response, `${performance.now().toFixed(1)} `);
      await delay(150);
    }
  },
  /** The same the first time, and a good answer then. */
  "talk-once": (response, call, nth) => behaviours[nth > 1 ? "good" : "talk"]?.(response, call, nth),
  /** The connection breaks within the answer. */
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
  /** The stream ends in order, but the answer does not. */
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
  /** Tells of an error within the stream. */
  error: (response, { headers }) => {
    begin(response);
    say(response, "Well, ");
    response.end(`data: ${JSON.stringify({ error: { message: `no good: ${String(headers.authorization)}` } })}\n\n`);
  },
  garbage: (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end("data: {not json\n\n");
  },
  /** Calls the tools that what it is asked names as JSON, then says what came of them. */
  tools: (response, { body }) => {
    const results = resultsIn(body);
    if (results.length === 0) {
      call(response, callsIn(body));
      return;
    }
    begin(response);
    say(response, `I was told: ${results.join(" and ")}`);
    finish(response);
  },
  /** Says something first, and fails once the tools were called. */
  "tools-500": (response, { body, ...more }) => {
    if (resultsIn(body).length === 0) call(response, callsIn(body));
    else fail(response, 500, { body, ...more }, { "retry-after-ms": "1" });
  },
  /** Speaks and calls tools, again and again. */
  "tools-again": (response, { body }) => {
    begin(response);
    say(response, "Once more.");
    call(response, callsIn(body));
  },
  length: (response) => {
    begin(response);
    say(response, "Well, ");
    finish(response, "length");
  },
  /** Goes on for as long as somebody listens. */
  endless: (response) => {
    begin(response);
    const go = () => {
      while (!response.destroyed && say(response, "and on ".repeat(500)));
    };
    response.on("drain", go);
    go();
  },
  redirect: (response) => {
    response.writeHead(307, { location: "/elsewhere/chat/completions" }).end();
  },
};

/**
 * A real server that speaks OpenAI's chat completions, well or badly as the model's name says, and the dialects of other
 * providers, well.
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

  /** Such as `http://127.0.0.1:12345/v1`. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** The calls that have this text in what they ask. */
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
    const call: ModelCall = {
      path: request.url ?? "",
      headers: request.headers,
      body,
      closed,
      sent: () => request.socket.bytesWritten,
    };
    this.calls.push(call);

    const asked = JSON.stringify(body);
    const nth = (this.counts.get(asked) ?? 0) + 1;
    this.counts.set(asked, nth);
    const dialect = dialects.find(({ path }) => path.test(call.path));
    if (dialect) dialect.answer(response);
    else await behaviours[body.model as string]?.(response, call, nth);
  }
}

/** Starts a model server before the tests of a file, and stops it after them. */
export function useModelServer(): { readonly current: ModelServer } {
  let server: ModelServer | undefined;
  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The server is there once the tests run");
      return server;
    },
  };
}
