import pino, { type Logger } from "pino";

/** Lines that nobody reads are kept up to this size; later ones are lost, rather than that the process waits. */
const maxUnreadBytes = 4_000_000;

/** Logs to standard error: JSON lines, or readable lines on a terminal. */
export function createLog(level: string): Logger {
  const isTerminal = process.stderr.isTTY;
  const stream = isTerminal ? { transport: { target: "pino-pretty", options: { destination: 2 } } } : {};
  const options = {
    level,
    base: { name: "latchkey" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: withoutValues },
    ...stream,
  };
  return isTerminal
    ? pino(options)
    : pino(options, pino.destination({ dest: 2, sync: false, maxLength: maxUnreadBytes }));
}

/** Omits the other properties of an error: an error of the database carries the statement with all its values. */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack, code } = pino.stdSerializers.err(error) as Record<string, unknown>;
  return { type, message, stack, code };
}
