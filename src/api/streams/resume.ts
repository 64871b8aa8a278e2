import { badInput } from "../../errors";

/** The index of the last event of a run that a client has had; undefined if it has had none. */
export type ResumePosition = (runId: string) => number | undefined;

/** For a client that says nothing of earlier events. */
export const fromStart: ResumePosition = () => undefined;

/**
 * Reads `after`, in the payload of `connection_init` or in the `extensions` of a request: the index of the last event that
 * the client has had, or an object that maps the ids of runs to such indexes.
 *
 * @throws BAD_USER_INPUT if it is neither
 */
export function resumePositionOf(container: unknown, field: string): ResumePosition {
  const after = isObject(container) ? container["after"] : undefined;
  if (after == null) return fromStart;
  if (isIndex(after)) return () => after;
  if (!isObject(after) || !Object.values(after).every(isIndex)) {
    const message = "must be the index of an event, or an object that maps ids of runs to indexes of events";
    throw badInput({ field, message });
  }
  return (runId) => (Object.hasOwn(after, runId) ? (after[runId] as number) : undefined);
}

/**
 * Reads the header `Last-Event-ID`, with which a client of server-sent events reconnects.
 *
 * @throws BAD_USER_INPUT if it is not an id of this server
 */
export function resumePositionOfHeader(lastEventId: string | string[] | undefined): ResumePosition {
  if (lastEventId === undefined || lastEventId === "") return fromStart;
  if (typeof lastEventId !== "string" || !/^\d{1,9}$/.test(lastEventId)) {
    throw badInput({ field: "Last-Event-ID", message: "must be the id of an event of this stream" });
  }
  return () => Number(lastEventId);
}

/** Resumes behind the last event that any of the positions knows of. */
export function latestOf(...positions: readonly ResumePosition[]): ResumePosition {
  return (runId) => {
    const known = positions.map((position) => position(runId)).filter((index) => index !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
