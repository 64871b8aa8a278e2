import type { IncomingMessage, ServerResponse } from "node:http";
import { retryAfterOf, statusOf } from "../../errors";
import { overloaded } from "../../platform/inbound/load-shedder";
import { commonHeaders, requestIdOf } from "../common-headers";
import { errorTypeOf } from "../graphql/media-type";
import type { Reports } from "../reports/reports";
import { isSmallBody } from "./request-bounds";

/**
 * A refusal is answered after this time. Clients that send their next request at once would otherwise keep the process
 * busy with refusals alone.
 */
const holdMs = 30;
/** Refusals that are held at once. Further ones are answered immediately. */
const maxHeld = 2_000;

/** Made once, as an error with its stack takes longer to make than the rest of a refusal. */
const error = overloaded();
const body = JSON.stringify({ errors: [error] });
const status = statusOf[error.code];
const fixedHeaders = {
  "content-length": Buffer.byteLength(body),
  "retry-after": String(retryAfterOf([error])),
};

interface Held {
  readonly answer: () => void;
  readonly dueAt: number;
}

/** Answers requests that are refused because the process is overloaded, at the least expense. */
export class OverloadRefusals {
  /** In the order in which they are due. */
  private held: Held[] = [];

  constructor(
    private readonly options: {
      /** The origins whose pages may read a refusal. */
      readonly corsOrigins: readonly string[];
      readonly reports: Pick<Reports, "refuseOverload">;
    },
  ) {}

  refuse(request: IncomingMessage, response: ServerResponse): void {
    if (this.held.length >= maxHeld) {
      this.answer(request, response);
      return;
    }
    if (this.held.length === 0) setTimeout(() => this.answerDue(), holdMs);
    this.held.push({ answer: () => this.answer(request, response), dueAt: performance.now() + holdMs });
  }

  private answerDue(): void {
    const now = performance.now();
    const firstLater = this.held.findIndex(({ dueAt }) => dueAt > now);
    const due = this.held.splice(0, firstLater === -1 ? this.held.length : firstLater);
    for (const { answer } of due) answer();
    const [next] = this.held;
    if (next) setTimeout(() => this.answerDue(), next.dueAt - now);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { accept, origin } = request.headers;
    const requestId = requestIdOf(request);
    this.options.reports.refuseOverload(requestId);
    response.writeHead(status, {
      ...commonHeaders(requestId),
      ...fixedHeaders,
      "content-type": errorTypeOf(accept),
      ...(origin !== undefined &&
        this.options.corsOrigins.includes(origin) && { "access-control-allow-origin": origin }),
      ...(!isSmallBody(request) && { connection: "close" }),
    });
    response.end(body);
  }
}
