import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import type { Caller } from "../../auth/caller";
import { OperationAuthorizer, type RawVariables } from "../../auth/authorizer";
import type { Limits } from "../../config";
import { ApiError, badInput } from "../../errors";
import { boundsRule } from "./bounds";
import { unconditionalSubscriptionRule } from "./subscriptions";
import { variableErrors } from "./variables";

/** An operation as received over a stream. */
export interface OperationRequest {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
}

/** An operation that is parsed, valid, and authorized for the caller that it was prepared for. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: RawVariables;
  readonly args: Omit<ExecutionArgs, "contextValue">;
}

export type Preparation =
  | { readonly errors: readonly GraphQLError[]; readonly prepared?: undefined }
  | { readonly errors?: undefined; readonly prepared: PreparedOperation };

/** Validates and authorizes every operation before it executes, over all transports. */
export class Operations {
  readonly parseOptions = { maxTokens: this.limits.maxTokens };
  private readonly authorizer = new OperationAuthorizer(this.schema, this.limits);
  private readonly rules = [...specifiedRules, boundsRule(this.limits)];
  private readonly validationCache = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  constructor(
    readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /** Validates a document once; the result is cached for as long as the document itself is. */
  validationErrors(document: DocumentNode): readonly GraphQLError[] {
    let errors = this.validationCache.get(document);
    if (!errors) this.validationCache.set(document, (errors = this.validate(document)));
    return errors;
  }

  /** The errors that deny a valid operation. Permissions come first, so that a denial discloses nothing of the input. */
  denials(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const denied = this.authorizer.authorize(caller, document, operation, variables);
    if (denied.length > 0) return denied;
    const invalid = variableErrors(this.schema, operation, variables);
    return invalid.length > 0 ? [badInput(...invalid)] : [];
  }

  /** Does for streams what Apollo Server and its plugin do for requests: parses, validates and authorizes. */
  prepare({ query, operationName, variables }: OperationRequest, caller: Caller): Preparation {
    if (typeof query !== "string") return { errors: [badInput({ field: "query", message: "must be a string" })] };
    if (variables != null && (typeof variables !== "object" || Array.isArray(variables))) {
      return { errors: [badInput({ field: "variables", message: "must be an object" })] };
    }
    let document: DocumentNode;
    try {
      document = parse(query, this.parseOptions);
    } catch (error) {
      return { errors: [withCode(error, "GRAPHQL_PARSE_FAILED")] };
    }
    const invalid = this.validationErrors(document);
    if (invalid.length > 0) return { errors: invalid };

    const operation = getOperationAST(document, typeof operationName === "string" ? operationName : undefined);
    if (!operation) {
      const message = "Unknown operation. Name one of the document's operations in `operationName`.";
      return { errors: [new GraphQLError(message, { extensions: { code: "OPERATION_RESOLUTION_FAILURE" } })] };
    }
    const raw = (variables ?? undefined) as RawVariables;
    const denied = this.denials(caller, document, operation, raw);
    if (denied.length > 0) return { errors: denied };

    const args = {
      schema: this.schema,
      document,
      operationName: operation.name?.value ?? null,
      variableValues: raw ?? null,
    };
    return { prepared: { document, operation, variables: raw, args } };
  }

  /** Whether a prepared operation would be authorized for the caller as it is now. */
  isStillAllowed(caller: Caller, { document, operation, variables }: PreparedOperation): boolean {
    return this.authorizer.denials(caller, document, operation, variables).length === 0;
  }

  private validate(document: DocumentNode): readonly GraphQLError[] {
    // This rule runs first and alone, since the rules of GraphQL.js throw for documents that it refuses.
    const conditional = validate(this.schema, document, [unconditionalSubscriptionRule]);
    const errors = conditional.length > 0 ? conditional : validate(this.schema, document, this.rules);
    return errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
  }
}

function withCode(error: unknown, code: string): GraphQLError {
  const { message, source = null, positions = null, nodes = null } = error as GraphQLError;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code } });
}
