import type { TimedAnswer } from "../http-client";
import type { Rights } from "./credential-under-test";
import type { InstanceMonitor } from "./instance-monitor";

/** So long a stream or an upload may go on after its rights are gone, in milliseconds. */
const bounds = { asked: 1_000, elsewhere: 2_000 } as const;

/** What had become of an instance so long before is not what ends a stream, in milliseconds. */
const aftermath = 5_000;

/** What became of a stream or an upload. */
export interface Ending {
  readonly at: number;
  /** Undone where it was still going on when it was no longer waited for. */
  readonly how: "refused" | "unavailable" | "completed" | "cut" | "undone";
  /** In the words of whoever ended it. */
  readonly said: string;
}

/** A stream or an upload that was open when its rights were taken away. */
export interface Opened {
  readonly kind: string;
  readonly health: InstanceMonitor;
  readonly wasAsked: boolean;
  /** When the last of what it got was made, where it got anything. */
  readonly lastMadeAt: number;
  /** Whether what it is about is gone as well, so that it may come to its end in order. */
  readonly mayComplete: boolean;
}

/** Counts what was tried under one fault, and says what must not have been. */
export class Assertions {
  requests = 0;
  /** By nobody, or with 503. */
  unanswered = 0;
  streams = 0;
  /** Of those, ended because nobody could say whether they may go on, as a request is answered with 503. */
  unavailable = 0;
  violations = 0;
  readonly worst = { asked: 0, elsewhere: 0 };

  constructor(private readonly tell: (what: string) => void) {}

  violation(what: string): void {
    this.violations += 1;
    this.tell(what);
  }

  /** @param answer undefined where there was none */
  answered(who: string, { sentAt, answeredAt }: Rights, answer: TimedAnswer | undefined): void {
    this.requests += 1;
    if (!answer) {
      this.unanswered += 1;
      return;
    }
    const { began, ended } = answer;
    switch (verdictOf(answer)) {
      case "accepted":
        if (began > answeredAt) this.violation(`${who} was accepted, begun ${ms(began - answeredAt)} after the answer`);
        break;
      case "refused":
        if (ended < sentAt) {
          const lead = sentAt === Infinity ? "with rights that nobody took away" : `${ms(sentAt - ended)} before`;
          this.violation(`${who} was refused ${lead}`);
        }
        break;
      case "unanswered":
        this.unanswered += 1;
        break;
      case "faulty":
        this.violation(`${who} was answered with ${answer.status} ${JSON.stringify(answer.errors ?? answer.data)}`);
    }
  }

  /** What became of what was open when the rights were taken away. */
  ended(who: string, { sentAt, answeredAt }: Rights, opened: Opened, { at, how, said }: Ending): void {
    const { kind, health, wasAsked, lastMadeAt } = opened;
    const what = `${kind} of ${who}`;
    this.streams += 1;
    if (lastMadeAt > answeredAt) {
      this.violation(`${what} was told what was made ${ms(lastMadeAt - answeredAt)} after the answer`);
    }
    if (how === "unavailable") this.unavailable += 1;
    else if (!isRight(how, opened, sentAt - aftermath, at)) this.violation(`${what} was ended with ${said}`);
    if (at < sentAt) {
      if (how === "refused") this.violation(`${what} was ended ${ms(sentAt - at)} before`);
      return;
    }

    const lag = Math.max(0, at - health.awakeFrom(answeredAt, at));
    const where = wasAsked ? "asked" : "elsewhere";
    this.worst[where] = Math.max(this.worst[where], lag);
    if (how === "undone" || lag > bounds[where]) {
      this.violation(
        `${what}, ${where}, ${how === "undone" ? "still went on" : "was ended"} ${ms(lag)} after the answer`,
      );
    }
  }
}

/** Whether it may end in this way, within this time. */
function isRight(how: Ending["how"], { health, mayComplete }: Opened, from: number, to: number): boolean {
  switch (how) {
    case "refused":
    case "unavailable":
    case "undone":
      return true;
    case "completed":
      return mayComplete;
    case "cut":
      return health.had("dead", from, to);
  }
}

function verdictOf({ status, errors }: TimedAnswer): "accepted" | "refused" | "unanswered" | "faulty" {
  const codes = errors?.map(({ extensions }) => extensions.code) ?? [];
  if (codes.some((code) => code === "UNAUTHENTICATED" || code === "FORBIDDEN")) return "refused";
  if (status === 503 || codes.includes("UNAVAILABLE")) return "unanswered";
  return status === 200 && codes.length === 0 ? "accepted" : "faulty";
}

export const ms = (time: number): string => `${Math.round(time)} ms`;
