import { Writable } from "node:stream";
import pino, { type Logger } from "pino";

/** A logger that keeps all levels in memory. */
export function createTestLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString());
      done();
    },
  });
  return { log: pino({ level: "trace" }, stream), lines };
}
