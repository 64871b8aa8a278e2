import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { version } from "../process/version";

export { SpanKind };

/**
 * Its spans go to the SDK of OpenTelemetry that an operator has registered. Without one, there are none. The API stays at
 * the lowest minor version that SDKs in use come with, since it ignores an SDK of an older one.
 */
const tracer = trace.getTracer("latchkey", version);

export interface SpanStart {
  readonly kind: SpanKind;
  /** The context that its parent is in. */
  readonly parent?: Context;
  /** In milliseconds of the process's monotonic clock. */
  readonly startedAt?: number;
}

/**
 * A span of OpenTelemetry. It never has an error's message or stack, in which there may be texts of callers or a secret.
 */
export class WorkSpan {
  /** Of work that is not traced. */
  static readonly none = new WorkSpan(undefined, undefined);

  private constructor(
    private readonly span: Span | undefined,
    private readonly context: Context | undefined,
  ) {}

  static start(name: string, { kind, parent = context.active(), startedAt = performance.now() }: SpanStart): WorkSpan {
    const span = tracer.startSpan(name, { kind, startTime: startedAt }, parent);
    // A span that is not recorded is kept, so that its children are not recorded either.
    return isSpanContextValid(span.spanContext()) ? new WorkSpan(span, trace.setSpan(parent, span)) : WorkSpan.none;
  }

  /** Does work whose spans become children of this one, those of an operator's instrumentation included. */
  run<Result>(work: () => Result): Result {
    return this.context ? context.with(this.context, work) : work();
  }

  /** @param attributesOf is called only if the span is recorded */
  describe(attributesOf: () => Attributes): void {
    if (this.span?.isRecording() === true) this.span.setAttributes(attributesOf());
  }

  rename(name: string): void {
    this.span?.updateName(name);
  }

  /** @param type such as an error code */
  fail(type: string): void {
    this.span?.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.span?.end(performance.now());
  }
}
