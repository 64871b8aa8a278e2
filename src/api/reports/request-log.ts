import type { Logger } from "pino";
import { type OperationReport, safeNameOf } from "../../domain/usage/operation-report";

/** The requests that the log has a line for. */
export type RequestLogMode = "all" | "refused" | "off";

/** Lines a second for requests without a valid credential, so that nobody can fill the disk without one. */
const maxAnonymousLines = 50;

/** While the process is overloaded, the refused requests of this time have one line. */
const overloadLineMs = 1_000;

/** Writes a line for each request and each operation of a stream. It has nothing of the input but the operation's name. */
export class RequestLog {
  private second = 0;
  private anonymousLines = 0;
  private omitted = 0;
  /** Requests that were refused since the last line, as the process is overloaded. */
  private overload: { readonly firstRequestId: string; count: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly log: Pick<Logger, "info">,
    private readonly mode: RequestLogMode,
  ) {}

  write(report: OperationReport): void {
    const isRefused = report.verdict !== "ALLOWED";
    if (this.mode === "off" || (this.mode === "refused" && !isRefused)) return;
    if (!report.caller && isRefused && !this.hasRoom()) return;
    this.log.info(lineOf(report), "request");
  }

  /** Counts a request that was refused as the process is overloaded, before anything of it was looked at. */
  countOverload(requestId: string): void {
    if (this.mode === "off") return;
    if (this.overload) {
      this.overload.count++;
      return;
    }
    const timer = setTimeout(() => this.writeOverload(), overloadLineMs).unref();
    this.overload = { firstRequestId: requestId, count: 1, timer };
  }

  /** Writes what was counted and not written yet. To be called on close. */
  flush(): void {
    this.writeOverload();
    this.writeOmitted();
  }

  private writeOverload(): void {
    if (!this.overload) return;
    const { firstRequestId: requestId, count, timer } = this.overload;
    clearTimeout(timer);
    this.overload = undefined;
    const refusal = { transport: "http", caller: null, verdict: "FAILED", code: "UNAVAILABLE" };
    this.log.info({ requestId, ...refusal, requests: count }, "request");
  }

  private writeOmitted(): void {
    if (this.omitted === 0) return;
    this.log.info({ omitted: this.omitted }, "requests without a valid credential were left out of the log");
    this.omitted = 0;
  }

  private hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.anonymousLines = 0;
      this.writeOmitted();
    }
    this.anonymousLines++;
    const hasRoom = this.anonymousLines <= maxAnonymousLines;
    if (!hasRoom) this.omitted++;
    return hasRoom;
  }
}

function lineOf(report: OperationReport): Record<string, unknown> {
  const { requestId, transport, caller, operation, verdict, code, durationMs, statements } = report;
  return {
    requestId,
    transport,
    caller: report.callerId ?? null,
    app: caller?.kind === "API_KEY" ? caller.appId : undefined,
    operation: operation?.operation.operation,
    operationName: operation && safeNameOf(operation.operation),
    verdict,
    code,
    durationMs: Math.round(durationMs * 10) / 10,
    statements,
  };
}
