import pino, { type Logger } from "pino";

/** JSON lines on standard error, and readable ones where a person looks on. */
export function createLog(level: string): Logger {
  const isWatched = process.stderr.isTTY;
  const stream = isWatched ? { transport: { target: "pino-pretty", options: { destination: 2 } } } : {};
  const options = { level, base: { name: "latchkey" }, timestamp: pino.stdTimeFunctions.isoTime, ...stream };
  return isWatched ? pino(options) : pino(options, pino.destination(2));
}
