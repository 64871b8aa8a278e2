import { execute, type ExecutionArgs, type ExecutionResult, OperationTypeNode, subscribe } from "graphql";
import type { Authenticator } from "../../domain/api-key/authenticator";
import type { Caller } from "../../auth/caller";
import { createContext, type Runtime } from "../../container";
import { logErrors, maskError } from "../graphql/masking";
import type { PreparedOperation } from "../graphql/operations";
import { authorizedResults } from "./authorized-results";
import type { StreamTimings } from "./heartbeat";
import type { LiveConnection, LiveConnections } from "./live-connections";

export interface StreamDependencies {
  readonly runtime: Runtime;
  readonly authenticator: Authenticator;
  readonly liveConnections: LiveConnections;
  readonly timings: StreamTimings;
}

/** @returns one result, or the results of a subscription, with internal errors masked */
export async function executeOperation(
  runtime: Runtime,
  connection: LiveConnection,
  prepared: PreparedOperation,
  caller: Caller,
  requestId: string,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const args: ExecutionArgs = { ...prepared.args, contextValue: createContext(runtime, caller, requestId) };
  if (prepared.operation.operation !== OperationTypeNode.SUBSCRIPTION) return withMaskedErrors(await execute(args));

  const source = await subscribe(args);
  if (Symbol.asyncIterator in source) {
    return authorizedResults(source, connection, prepared, withMaskedErrors, (error) => ({
      errors: withMask([error]),
    }));
  }
  connection.release(prepared);
  return withMaskedErrors(source);

  function withMaskedErrors({ errors, ...result }: ExecutionResult): ExecutionResult {
    return errors ? { ...result, errors: withMask(errors) } : result;
  }

  function withMask(errors: readonly unknown[]) {
    logErrors(runtime.log, requestId, errors);
    return errors.map(maskError);
  }
}
