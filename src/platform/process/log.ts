import pino, { type Logger } from "pino";

/** JSON lines on standard error, and readable ones where a person looks on. */
export function createLog(level: string): Logger {
  const isWatched = process.stderr.isTTY;
  const stream = isWatched ? { transport: { target: "pino-pretty", options: { destination: 2 } } } : {};
  const options = {
    level,
    base: { name: "latchkey" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: withoutValues },
    ...stream,
  };
  return isWatched ? pino(options) : pino(options, pino.destination(2));
}

/** What failed and where, but not with which values: a database's error carries the statement with all that was in it. */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack, code } = pino.stdSerializers.err(error) as Record<string, unknown>;
  return { type, message, stack, code };
}
