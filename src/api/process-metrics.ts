import type { LoadShedder } from "../platform/inbound/load-shedder";
import { Gauge, type Metric, type Sample } from "../platform/metrics/metric";
import type { Operations } from "./graphql/operations";
import type { ConnectionGate } from "./streams/connection-gate";
import type { LiveConnections } from "./streams/live-connections";

interface Parts {
  readonly operations: Operations;
  readonly liveConnections: LiveConnections;
  readonly connectionGate: ConnectionGate;
  readonly loadShedder: LoadShedder;
}

/** The operations, connections and refusals of this process. */
export const processMetrics = ({ operations, liveConnections, connectionGate, loadShedder }: Parts): Metric[] => [
  new Gauge("latchkey_open_streams", "Subscriptions that are open.", () => liveConnections.openStreams),
  new Gauge("latchkey_connections", "Open connections.", () => connectionGate.size),
  new Gauge("latchkey_cache_entries", "Entries of a cache.", () => [documents(operations.cached.size)]),
  new Gauge("latchkey_cache_bytes", "An estimate of the memory that a cache takes.", () => [
    documents(operations.cached.bytes),
  ]),
  new Gauge(
    "latchkey_overload_refusals_total",
    "Requests that were refused because there were more than the process can handle.",
    () => loadShedder.refused,
    "counter",
  ),
];

const documents = (value: number): Sample => ({ labels: { cache: "documents" }, value });
