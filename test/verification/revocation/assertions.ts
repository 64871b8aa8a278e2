import type { TimedAnswer } from "../http-client";
import type { Rights } from "./credential-under-test";
import type { InstanceMonitor } from "./instance-monitor";

/** A stream or an upload may continue this long after the revocation: on the instance that revoked, and on the others. */
const maxLagMs = { local: 1_000, remote: 2_000 } as const;

/** A stream may end because of a disruption of its instance up to this long ago. */
const disruptionWindowMs = 5_000;

/** The end of a stream or an upload. */
export interface Ending {
  readonly at: number;
  /** `open` if it had not ended when the wait for it timed out. */
  readonly outcome: "refused" | "unavailable" | "completed" | "disconnected" | "open";
  /** The reason that the client received. */
  readonly reason: string;
}

/** A stream or an upload that was open when its rights were revoked. */
export interface OpenedStream {
  readonly name: string;
  readonly monitor: InstanceMonitor;
  /** Whether its instance executed the revocation. */
  readonly isLocal: boolean;
  /** When the last event that it delivered was produced; 0 if it delivered none. */
  readonly lastProducedAt: number;
  /** Whether the revocation also deleted what it reads, so that it may complete normally. */
  readonly mayComplete: boolean;
}

/** Checks the requests and streams during one fault, and counts them. */
export class Assertions {
  requests = 0;
  /** Requests without a response, or with 503. */
  unanswered = 0;
  streams = 0;
  /** Streams that ended because their rights could not be checked; corresponds to a request answered with 503. */
  unavailable = 0;
  violations = 0;
  readonly worstLagMs = { local: 0, remote: 0 };

  constructor(private readonly onViolation: (what: string) => void) {}

  violation(what: string): void {
    this.violations += 1;
    this.onViolation(what);
  }

  /** @param response undefined if there was none */
  checkResponse(request: string, { sentAt, answeredAt }: Rights, response: TimedAnswer | undefined): void {
    this.requests += 1;
    if (!response) {
      this.unanswered += 1;
      return;
    }
    const { began, ended } = response;
    switch (classify(response)) {
      case "accepted":
        if (began > answeredAt) {
          this.violation(`${request} was accepted, although it began ${ms(began - answeredAt)} after the revocation`);
        }
        break;
      case "refused":
        if (ended < sentAt) {
          const when =
            sentAt === Infinity ? "without a revocation" : `${ms(sentAt - ended)} before the revocation began`;
          this.violation(`${request} was refused ${when}`);
        }
        break;
      case "unanswered":
        this.unanswered += 1;
        break;
      case "faulty":
        this.violation(`${request} failed with ${response.status} ${JSON.stringify(response.errors ?? response.data)}`);
    }
  }

  checkEnding(
    revocation: string,
    { sentAt, answeredAt }: Rights,
    stream: OpenedStream,
    { at, outcome, reason }: Ending,
  ): void {
    const { monitor, isLocal, lastProducedAt } = stream;
    const name = `${stream.name} with ${revocation}`;
    this.streams += 1;
    if (lastProducedAt > answeredAt) {
      this.violation(`${name} delivered an event produced ${ms(lastProducedAt - answeredAt)} after the revocation`);
    }
    if (outcome === "unavailable") this.unavailable += 1;
    else if (!isAllowed(outcome, stream, sentAt - disruptionWindowMs, at)) {
      this.violation(`${name} ended with ${reason}`);
    }
    if (at < sentAt) {
      if (outcome === "refused") this.violation(`${name} ended ${ms(sentAt - at)} before the revocation began`);
      return;
    }

    const lagMs = Math.max(0, at - monitor.responsiveFrom(answeredAt, at));
    const place = isLocal ? "local" : "remote";
    this.worstLagMs[place] = Math.max(this.worstLagMs[place], lagMs);
    if (outcome === "open" || lagMs > maxLagMs[place]) {
      const state = outcome === "open" ? "was still open" : "ended";
      this.violation(`${name} (${place}) ${state} ${ms(lagMs)} after the revocation`);
    }
  }
}

/** Whether a stream may end in this way between these times. */
function isAllowed(
  outcome: Ending["outcome"],
  { monitor, mayComplete }: OpenedStream,
  from: number,
  to: number,
): boolean {
  switch (outcome) {
    case "refused":
    case "unavailable":
    case "open":
      return true;
    case "completed":
      return mayComplete;
    case "disconnected":
      return monitor.was("dead", from, to);
  }
}

function classify({ status, errors }: TimedAnswer): "accepted" | "refused" | "unanswered" | "faulty" {
  const codes = errors?.map(({ extensions }) => extensions.code) ?? [];
  if (codes.some((code) => code === "UNAUTHENTICATED" || code === "FORBIDDEN")) return "refused";
  if (status === 503 || codes.includes("UNAVAILABLE")) return "unanswered";
  return status === 200 && codes.length === 0 ? "accepted" : "faulty";
}

export const ms = (durationMs: number): string => `${Math.round(durationMs)} ms`;
