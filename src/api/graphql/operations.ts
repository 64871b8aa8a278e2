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
import { variableFaults } from "./variables";

/** An operation as it comes over a stream. */
export interface OperationRequest {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
}

/** An operation that is parsed, valid, and may be executed for the caller it was prepared for. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: RawVariables;
  readonly args: Omit<ExecutionArgs, "contextValue">;
}

export type Preparation =
  | { readonly errors: readonly GraphQLError[]; readonly prepared?: undefined }
  | { readonly errors?: undefined; readonly prepared: PreparedOperation };

/** What every operation must pass before it is executed, whichever way it came. */
export class Operations {
  readonly parseOptions = { maxTokens: this.limits.maxTokens };
  readonly judge = new OperationAuthorizer(this.schema, this.limits);
  private readonly rules = [...specifiedRules, boundsRule(this.limits)];
  private readonly known = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  constructor(
    readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /** What makes a document invalid; found once, and kept for as long as the document itself is kept. */
  validationErrors(document: DocumentNode): readonly GraphQLError[] {
    let faults = this.known.get(document);
    if (!faults) this.known.set(document, (faults = this.validate(document)));
    return faults;
  }

  /** What stands against a valid operation: rights first, so that a refusal tells nothing of the input. */
  denials(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const refused = this.judge.authorize(caller, document, operation, variables);
    if (refused.length > 0) return refused;
    const faults = variableFaults(this.schema, operation, variables);
    return faults.length > 0 ? [badInput(...faults)] : [];
  }

  /** Does for streams what Apollo Server does for requests: parse, validate, and judge. */
  prepare({ query, operationName, variables }: OperationRequest, caller: Caller): Preparation {
    if (typeof query !== "string") return { errors: [badInput({ field: "query", message: "must be a text" })] };
    if (variables != null && (typeof variables !== "object" || Array.isArray(variables))) {
      return { errors: [badInput({ field: "variables", message: "must be an object" })] };
    }
    let document: DocumentNode;
    try {
      document = parse(query, this.parseOptions);
    } catch (error) {
      return { errors: [coded(error, "GRAPHQL_PARSE_FAILED")] };
    }
    const invalid = this.validationErrors(document);
    if (invalid.length > 0) return { errors: invalid };

    const operation = getOperationAST(document, typeof operationName === "string" ? operationName : undefined);
    if (!operation) {
      const message = "Unknown operation. Name one of the document's operations in `operationName`.";
      return { errors: [new GraphQLError(message, { extensions: { code: "OPERATION_RESOLUTION_FAILURE" } })] };
    }
    const raw = (variables ?? undefined) as RawVariables;
    const errors = this.denials(caller, document, operation, raw);
    if (errors.length > 0) return { errors };

    const args = {
      schema: this.schema,
      document,
      operationName: operation.name?.value ?? null,
      variableValues: raw ?? null,
    };
    return { prepared: { document, operation, variables: raw, args } };
  }

  /** Whether an operation that was prepared for a caller would still be, with the rights of now. */
  isStillAllowed(caller: Caller, { document, operation, variables }: PreparedOperation): boolean {
    return this.judge.denials(caller, document, operation, variables).length === 0;
  }

  private validate(document: DocumentNode): readonly GraphQLError[] {
    // By itself and first, as the rules of GraphQL.js throw at what it refuses.
    const conditional = validate(this.schema, document, [unconditionalSubscriptionRule]);
    const faults = conditional.length > 0 ? conditional : validate(this.schema, document, this.rules);
    return faults.map((error) => coded(error, "GRAPHQL_VALIDATION_FAILED"));
  }
}

function coded(error: unknown, code: string): GraphQLError {
  const { message, source = null, positions = null, nodes = null } = error as GraphQLError;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code } });
}
