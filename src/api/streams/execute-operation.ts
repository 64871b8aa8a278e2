import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, OperationTypeNode } from "graphql";
import type { Doorkeeper } from "../doorkeeper";
import type { Authenticator } from "../../domain/api-key/authenticator";
import { RunEvent } from "../../domain/run/run-event.entity";
import type { Caller } from "../../auth/caller";
import { createContext, type Runtime } from "../../container";
import { ApiError } from "../../errors";
import { logErrors, maskError } from "../graphql/masking";
import { pointsOf } from "../graphql/operation-points";
import { responseTooLarge } from "../graphql/response-bounds";
import type { PreparedOperation } from "../graphql/operations";
import { isLarge, serialize, SerializedResult } from "../graphql/serialization";
import { authorizedResults } from "./authorized-results";
import type { ConnectionGate } from "./connection-gate";
import type { StreamTimings } from "./heartbeat";
import type { LiveConnection } from "./live-connection";
import type { LiveConnections } from "./live-connections";
import { LiveOperation } from "./live-operation";
import type { OperationReport } from "../../domain/usage/operation-report";
import type { Metrics } from "../../platform/metrics/metrics";
import type { Reports } from "../reports/reports";
import type { ResumePosition } from "./resume";

export interface StreamDependencies {
  readonly runtime: Runtime;
  readonly authenticator: Authenticator;
  readonly doorkeeper: Doorkeeper;
  readonly liveConnections: LiveConnections;
  readonly connectionGate: ConnectionGate;
  readonly timings: StreamTimings;
  readonly reports: Reports;
  readonly metrics: Metrics;
}

/** The indexes of the run events that results belong to. */
const eventIndexes = new WeakMap<ExecutionResult, number>();

/** The index of the run event that a result belongs to; undefined for any other result. */
export const eventIndexOf = (result: ExecutionResult): number | undefined => eventIndexes.get(result);

/**
 * @param resumeAfter what the client has had of the subscription before
 * @returns one result, or the results of a subscription, with internal errors masked
 */
export async function executeOperation(
  runtime: Runtime,
  connection: LiveConnection,
  prepared: PreparedOperation,
  caller: Caller,
  report: OperationReport,
  resumeAfter: ResumePosition,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const points = pointsOf(prepared.document, prepared.operation);
  try {
    if (points > 0) await runtime.rates.charge(caller, points);
  } catch (error) {
    const errors = withMask([error]);
    report.refuse(errors);
    connection.release(prepared);
    return { errors };
  }
  report.allow();
  const access = new LiveOperation(connection);
  const contextValue = createContext(runtime, caller, report, access, resumeAfter);
  const args: ExecutionArgs = { ...prepared.args, contextValue };
  if (prepared.operation.operation !== OperationTypeNode.SUBSCRIPTION) {
    try {
      const executed = await access.unlessLost(report.span.run(async () => execute(args)));
      if (executed instanceof ApiError) return lost(executed);
      const result = await serializeLarge(withMaskedErrors(executed));
      const loss = await access.loss();
      return loss ? lost(loss) : result;
    } finally {
      connection.release(prepared);
    }
  }

  try {
    // Not subscribe(), which computes results as fast as there are events, and does not tell which event is whose.
    const source = await report.span.run(() => createSourceEventStream(args));
    if (Symbol.asyncIterator in source) {
      return authorizedResults(source, connection, prepared, {
        async execute(event) {
          const executed = await report.span.run(() => execute({ ...args, rootValue: event }));
          const result = await serializeLarge(withMaskedErrors(executed));
          if (event instanceof RunEvent) eventIndexes.set(result, event.index);
          return result;
        },
        resultOf: (error) => ({ errors: failed([error]) }),
      });
    }
    connection.release(prepared);
    return withMaskedErrors(source);
  } catch (error) {
    connection.release(prepared);
    throw error;
  }

  function withMaskedErrors({ errors, ...result }: ExecutionResult): ExecutionResult {
    const { response } = contextValue;
    if (response.isExceeded) return tooLarge();
    return errors ? { ...result, errors: failed(errors) } : result;
  }

  /** Serializes a large result while other work gets its turns. */
  async function serializeLarge(result: ExecutionResult): Promise<ExecutionResult> {
    const { response } = contextValue;
    if (response.isExceeded || !isLarge(response.usedBytes)) return result;
    const json = await serialize(result, response.maxBytes, response.usedBytes);
    if (json) return new SerializedResult(json);
    return tooLarge();
  }

  function tooLarge(): ExecutionResult {
    const error = responseTooLarge(contextValue.response, prepared.operation.operation);
    report.fail([error]);
    return { errors: [error] };
  }

  function lost(error: ApiError): ExecutionResult {
    report.refuse([error]);
    return { errors: [error] };
  }

  function failed(errors: readonly unknown[]) {
    const masked = withMask(errors);
    report.fail(masked);
    return masked;
  }

  function withMask(errors: readonly unknown[]) {
    logErrors(runtime.log, report.requestId, errors);
    return errors.map(maskError);
  }
}
