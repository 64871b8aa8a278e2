import type { Agent } from "../../agent/agent.entity";
import type { Run } from "../run.entity";
import type { NewEvent } from "./stored-events";

/** How much of the output is kept to be stored once more with the end of the run. A longer output is read again. */
const maxOutputChars = 50_000;

/** The facts about a run that the instance has from accepting it. */
export interface BegunRun {
  readonly agent: Agent;
  readonly hasDocuments: boolean;
  readonly hasCallback: boolean;
}

/**
 * A run that this instance executes, with what the instance has written about it: as long as the claim holds nobody else
 * writes about the run, so nothing of it has to be read again. Writes are conditional on `eventCount`, which shows that a
 * commit whose confirmation was lost has taken effect.
 */
export class ExecutedRun {
  readonly id: string;
  readonly fence: number;
  eventCount: number;
  eventBytes: number;
  private texts: string[] | undefined = [];
  private outputChars = 0;

  /** @param run as it is stored now that this instance has claimed it */
  constructor(
    readonly run: Run,
    readonly begun?: BegunRun,
  ) {
    this.id = run.id;
    this.fence = run.fence;
    this.eventCount = run.eventCount;
    this.eventBytes = run.eventBytes ?? 0;
  }

  /** The output of this attempt, in the texts of its events; undefined if it has to be read. */
  get output(): readonly string[] | undefined {
    return this.texts;
  }

  /** Records an event that is committed. */
  appended({ type, text = null }: NewEvent): void {
    this.eventCount++;
    this.eventBytes += bytesOf(text);
    if (type === "OUTPUT_VOID") [this.texts, this.outputChars] = [[], 0];
    if (type !== "OUTPUT" || text === null) return;
    this.outputChars += text.length;
    if (this.outputChars > maxOutputChars) this.texts = undefined;
    else this.texts?.push(text);
  }

  /** Takes over what is stored, which is more than this instance knew. */
  correct({ eventCount, eventBytes = 0 }: Run): void {
    [this.eventCount, this.eventBytes, this.texts] = [eventCount, eventBytes, undefined];
  }
}

export const bytesOf = (text: string | null): number => (text === null ? 0 : Buffer.byteLength(text));
