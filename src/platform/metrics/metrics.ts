import type { Registry } from "prom-client";
import type { Logger } from "pino";
import type { Metric } from "./metric";

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** All metrics of a process, in the text format of Prometheus. */
export class Metrics {
  private registry: Promise<Registry> | undefined;
  private reading: Promise<MetricsText> | undefined;

  constructor(
    private readonly metrics: readonly Metric[],
    private readonly log: Pick<Logger, "warn">,
  ) {}

  /** Those who ask at the same time get the same text. */
  text(): Promise<MetricsText> {
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<MetricsText> {
    const registry = await (this.registry ??= this.open());
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  /** Loads the package on the first use: it takes some 80 ms, and many servers have no monitoring. */
  private async open(): Promise<Registry> {
    const { Registry: PrometheusRegistry, collectDefaultMetrics } = await import("prom-client");
    const registry = new PrometheusRegistry();
    collectDefaultMetrics({ register: registry });
    for (const metric of this.metrics) registry.registerMetric(this.adapted(metric) as never);
    return registry;
  }

  /** Adapts a metric to the registry, whose own classes would count a second time. */
  private adapted(metric: Metric) {
    const { name, help, type } = metric;
    const get = async () => {
      const samples = await Promise.resolve(metric.samples()).catch((error: unknown) => {
        this.log.warn({ err: error, metric: name }, "a metric can't be read");
        return [];
      });
      const values = samples.map(({ suffix = "", ...sample }) => ({ ...sample, metricName: name + suffix }));
      return { name, help, type, values, aggregator: "sum" };
    };
    return { name, get };
  }
}
