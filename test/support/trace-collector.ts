import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "./runs";

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A span, as OTLP has it in JSON. */
export interface Span {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly events: readonly unknown[];
  /** The code is 2 for an error. */
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Of `Span.kind`. */
export const SpanKind = { INTERNAL: 1, SERVER: 2, CLIENT: 3 } as const;

/** A collector of OpenTelemetry that keeps the spans that it receives. */
export class TraceCollector {
  readonly spans: Span[] = [];
  /** The bodies of all requests. */
  received = "";
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        this.received += body;
        this.spans.push(...spansIn(JSON.parse(body)));
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
  }

  static async start(): Promise<TraceCollector> {
    const started = new TraceCollector();
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Waits for the only span that matches. */
  async span(matches: (span: Span) => boolean): Promise<Span> {
    await eventually(() => this.spans.some(matches));
    const found = this.spans.filter(matches);
    expect(found).toHaveLength(1);
    return found[0] as Span;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function spansIn({ resourceSpans }: any): Span[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }: any) => scopeSpans.flatMap((scope: any) => scope.spans));
  return spans.map((span: any) => ({ ...span, attributes: attributesOf(span.attributes) }));
}

const attributesOf = (attributes: readonly OtlpAttribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** Starts a collector for the tests of a file. */
export function useTraceCollector(): { readonly current: TraceCollector } {
  const box = {} as { current: TraceCollector };
  beforeAll(async () => {
    box.current = await TraceCollector.start();
  });
  afterAll(() => box.current.stop());
  return box;
}
