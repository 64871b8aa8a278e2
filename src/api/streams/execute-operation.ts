import { execute, type ExecutionArgs, type ExecutionResult, OperationTypeNode, subscribe } from "graphql";
import type { Authenticator } from "../../domain/api-key/authenticator";
import type { Caller } from "../../auth/caller";
import { createContext, type Runtime } from "../../container";
import { logErrors, maskError } from "../graphql/masking";
import type { PreparedOperation } from "../graphql/operations";
import { authorizedResults } from "./authorized-results";
import type { LiveConnection, LiveConnections } from "./live-connections";

/** What both ways to stream are made of. */
export interface StreamDependencies {
  readonly runtime: Runtime;
  readonly authenticator: Authenticator;
  readonly liveConnections: LiveConnections;
}

/** Executes a prepared operation over a stream: one result, or one after the other. */
export async function executeOperation(
  runtime: Runtime,
  stream: LiveConnection,
  prepared: PreparedOperation,
  caller: Caller,
  requestId: string,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const args: ExecutionArgs = { ...prepared.args, contextValue: createContext(runtime, caller, requestId) };
  if (prepared.operation.operation !== OperationTypeNode.SUBSCRIPTION) return withMaskedErrors(await execute(args));

  const source = await subscribe(args);
  if (Symbol.asyncIterator in source) {
    return authorizedResults(source, stream, prepared, withMaskedErrors, (error) => ({ errors: withMask([error]) }));
  }
  stream.release(prepared);
  return withMaskedErrors(source);

  function withMaskedErrors({ errors, ...result }: ExecutionResult): ExecutionResult {
    return errors ? { ...result, errors: withMask(errors) } : result;
  }

  function withMask(errors: readonly unknown[]) {
    logErrors(runtime.log, requestId, errors);
    return errors.map(maskError);
  }
}
