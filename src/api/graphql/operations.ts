import {
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoFragmentCyclesRule,
  NoUnusedFragmentsRule,
  type OperationDefinitionNode,
  specifiedRules,
  validate,
} from "graphql";
import type { Caller } from "../../auth/caller";
import { OperationAuthorizer, type RawVariables } from "../../auth/authorizer";
import type { WatchedOperation } from "../../auth/operation-access";
import type { Limits } from "../../config";
import type { Context } from "../../container";
import { ApiError, badInput } from "../../errors";
import { OperationDescriptions } from "../../domain/usage/operation-description";
import { boundsRule } from "./bounds";
import { DocumentCache, type ParsedDocument } from "./document-cache";
import { isShortDocument, nestedTooDeeply, parseDocument, withCode } from "./document-parser";
import { executePlan } from "./execution/execute-plan";
import { type OperationPlan, planOf } from "./execution/plan";
import { mergedFieldsRule } from "./merged-fields";
import { unconditionalSubscriptionRule } from "./subscriptions";
import { variableErrors } from "./variables";

/** An operation as received over a stream. */
export interface OperationRequest {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

/** An operation that is parsed, valid, and authorized for the caller that it was prepared for. */
export interface PreparedOperation extends WatchedOperation {
  readonly args: Omit<ExecutionArgs, "contextValue">;
}

export type Preparation =
  | { readonly errors: readonly GraphQLError[]; readonly prepared?: undefined }
  | { readonly errors?: undefined; readonly prepared: PreparedOperation };

/** The validation stops there, since each error takes time and space. */
const maxErrors = 20;

/** Stands for a document that can't be parsed. */
const emptyDocument: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

/** Parses, validates and authorizes every operation before it executes, over all transports. */
export class Operations {
  private readonly authorizer = new OperationAuthorizer(this.schema, this.limits);
  private readonly documents = new DocumentCache();
  /** For as long as the operation's document is kept. Null if it can't be planned. */
  private readonly plans = new WeakMap<OperationDefinitionNode, OperationPlan | null>();
  /** Of operations that were authorized, for the usage. */
  readonly descriptions = new OperationDescriptions(({ document, operation }) =>
    this.authorizer.requiredFields(document, operation),
  );
  /**
   * Rules that run one after another, before those of GraphQL.js: each relies on the ones before it. The rules of
   * GraphQL.js throw for some documents that these refuse, and take quadratic time for others.
   */
  private readonly earlyRules = [
    [unconditionalSubscriptionRule, NoFragmentCyclesRule, NoUnusedFragmentsRule],
    [boundsRule(this.limits)],
    [mergedFieldsRule],
  ];

  constructor(
    readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /** The size of the cache of parsed documents. */
  get cached(): { readonly size: number; readonly bytes: number } {
    return this.documents;
  }

  /** Parses and validates a document. A document that can't be parsed is empty, and has one error. */
  parse(text: string): ParsedDocument {
    const known = this.documents.get(text);
    if (known) return known;
    const parsed = this.parseAndValidate(text);
    this.documents.set(text, parsed);
    return parsed;
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

  /**
   * Executes an operation that was authorized: by a plan that is made once, or else by GraphQL.js.
   *
   * @returns undefined if its variables are none of their types
   */
  async execute(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
    contextValue: Context,
  ): Promise<ExecutionResult | undefined> {
    const { coerced } = getVariableValues(this.schema, operation.variableDefinitions ?? [], variables ?? {}, {
      maxErrors,
    });
    if (!coerced) return undefined;
    const { schema } = this;
    const plan = this.planOf(document, operation);
    if (plan) return executePlan(plan, { schema, contextValue, variableValues: coerced });
    const operationName = operation.name?.value ?? null;
    return execute({ schema, document, operationName, variableValues: variables ?? null, contextValue });
  }

  private planOf(document: DocumentNode, operation: OperationDefinitionNode): OperationPlan | undefined {
    const known = this.plans.get(operation);
    if (known !== undefined) return known ?? undefined;
    const plan = planOf(this.schema, document, operation);
    this.plans.set(operation, plan ?? null);
    return plan;
  }

  /** Does for streams what Apollo Server and its plugin do for requests: parses, validates and authorizes. */
  prepare({ query, operationName, variables }: OperationRequest, caller: Caller): Preparation {
    if (typeof query !== "string") return { errors: [badInput({ field: "query", message: "must be a string" })] };
    if (variables != null && (typeof variables !== "object" || Array.isArray(variables))) {
      return { errors: [badInput({ field: "variables", message: "must be an object" })] };
    }
    const { document, errors } = this.parse(query);
    if (errors.length > 0) return { errors };

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

  /** One error for each field of an operation that was authorized earlier and that the caller now lacks the rights for. */
  lostRights(caller: Caller, { document, operation, variables }: WatchedOperation): readonly ApiError[] {
    return this.authorizer.denials(caller, document, operation, variables);
  }

  private parseAndValidate(text: string): ParsedDocument {
    try {
      const document = parseDocument(text, { maxLexicalTokens: this.limits.maxTokens });
      return { document, errors: this.validate(document, isShortDocument(text)) };
    } catch (error) {
      if (error instanceof GraphQLError) return { document: emptyDocument, errors: [error] };
      // Rules recurse too.
      if (error instanceof RangeError) return { document: emptyDocument, errors: [nestedTooDeeply()] };
      throw error;
    }
  }

  /** @param isShort names similar names, for which names of any length would take too long */
  private validate(document: DocumentNode, isShort: boolean): readonly GraphQLError[] {
    for (const rules of [...this.earlyRules, specifiedRules]) {
      const errors = validate(this.schema, document, rules, { maxErrors, hideSuggestions: !isShort });
      if (errors.length > 0) return errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
    }
    return [];
  }
}
