import type { DocumentNode, OperationDefinitionNode } from "graphql";
import type { ApiError } from "../errors";
import type { RawVariables } from "./authorizer";
import type { Caller } from "./caller";

/** An operation whose rights are compared again and again while it executes. */
export interface WatchedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: RawVariables;
}

/**
 * The rights of one operation, from its admission to its end. A right that is taken away ends the operation: no further
 * field of a mutation begins or commits, waiting ends, and its result is replaced by the error.
 */
export interface OperationAccess {
  /** Aborted when the operation has lost its rights, and when the server stops. */
  readonly ended: AbortSignal;

  /**
   * Authorizes the operation for the caller as it is now, and watches its rights from then on.
   *
   * @param denialsOf the errors that deny the operation to a caller
   * @returns these errors, or the one for lost rights; empty if the operation may be executed
   */
  admit(operation: WatchedOperation, denialsOf: (caller: Caller) => readonly ApiError[]): Promise<readonly ApiError[]>;

  /**
   * To be awaited before each root field of a mutation. Asks the database, except before the first field: the rights
   * were asked for with the credential then.
   *
   * @throws the error for lost rights
   */
  beforeMutationField(): Promise<void>;

  /**
   * To be awaited before something is told that the operation has waited for. Asks the database if other instances may
   * have taken rights away.
   *
   * @throws the error for lost rights
   */
  confirm(): Promise<void>;

  /**
   * Waits for work of the operation, but not beyond its rights: their loss is told at once, however long the work still
   * takes. The work goes on, and each transaction that it begins from then on is refused.
   *
   * @returns the error for lost rights, if they are lost first
   */
  unlessLost<Result>(work: Promise<Result>): Promise<Result | ApiError>;

  /** @returns the error that replaces the result of the operation; undefined if it has kept its rights */
  loss(): Promise<ApiError | undefined>;
}
