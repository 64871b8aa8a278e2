import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { ApiError } from "../errors";
import type { Caller } from "./caller";
import {
  type Condition,
  type ArgumentValue,
  operationRequirements,
  type OperationRequirements,
} from "./operation-requirements";
import { describe, describeForKeys, permissionsOf, type Requirement, satisfies } from "./permissions";

/** Bounds the fields of an operation that requests the maximum number of objects. */
const maxFieldsPerNode = 20;

/** Bounds the fields that read from the database, each with a statement or two, whatever their number of objects. */
const maxReads = 200;

/** The variables of a request as received, not yet validated against their types. */
export type RawVariables = Readonly<Record<string, unknown>> | undefined;

/**
 * Authorizes operations of one schema, each as a whole, before any part of it executes. The requirements of a document
 * are computed once and cached for as long as the document itself is.
 */
export class OperationAuthorizer {
  private readonly cache = new WeakMap<DocumentNode, Map<OperationDefinitionNode, OperationRequirements>>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly bounds: { readonly maxNodes: number; readonly maxPageSize: number },
  ) {}

  /** @returns the errors that deny the operation; empty if it may be executed */
  authorize(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const denied = this.denials(caller, document, operation, variables);
    if (denied.length > 0) return denied;

    const { nodes, fields } = this.sizeOf(document, operation, variables);
    const { maxNodes } = this.bounds;
    if (nodes > maxNodes) return [tooLarge(`${nodes} objects`, maxNodes)];
    const maxFields = maxNodes * maxFieldsPerNode;
    if (fields > maxFields) return [tooLarge(`${fields} fields of objects`, maxFields)];
    const reads = this.readsOf(document, operation, variables);
    return reads > maxReads ? [tooManyReads(reads)] : [];
  }

  /** One FORBIDDEN error for each field that the caller's grants do not cover. */
  denials(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const denied = this.requirementsOf(document, operation).guarded.filter(
      ({ mask, conditions }) =>
        !satisfies(caller.granted, mask) && conditions.every((each) => mayHold(each, variables)),
    );
    const byField = new Map(denied.map((field) => [`${field.path.join(".")} ${describe(field.requirement)}`, field]));
    return [...byField.values()].map(({ path, requirement }) => forbidden(caller, path, requirement));
  }

  /** The requirements of all fields of an operation, regardless of its variables. */
  requiredFields(
    document: DocumentNode,
    operation: OperationDefinitionNode,
  ): { readonly field: string; readonly requires: string }[] {
    const { guarded } = this.requirementsOf(document, operation);
    const byField = new Map(guarded.map(({ coordinate, requirement }) => [coordinate, describe(requirement)]));
    return [...byField].map(([field, requires]) => ({ field, requires }));
  }

  /** The maximum number of objects in all pages of the operation, and of the fields that it requests of them. */
  private sizeOf(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): { nodes: number; fields: number } {
    let [nodes, fields] = [0, 0];
    for (const list of this.requirementsOf(document, operation).lists) {
      if (!list.conditions.every((each) => mayHold(each, variables))) continue;
      const objects = list.lengths.reduce((product, each) => product * this.lengthOf(each, variables), 1);
      if (list.isPaged) nodes += objects;
      fields += objects * list.fields;
    }
    return { nodes, fields };
  }

  private readsOf(document: DocumentNode, operation: OperationDefinitionNode, variables: RawVariables): number {
    const reads = [...this.requirementsOf(document, operation).reads.values()];
    return reads.filter((occurrences) =>
      occurrences.some((conditions) => conditions.every((each) => mayHold(each, variables))),
    ).length;
  }

  /** An invalid length is refused later; here it counts as the maximum, so that it can't offset other lists. */
  private lengthOf(argument: ArgumentValue<number>, variables: RawVariables): number {
    const { maxPageSize } = this.bounds;
    const length = valueOf(argument, variables);
    return typeof length === "number" && length >= 0 && length <= maxPageSize ? length : maxPageSize;
  }

  private requirementsOf(document: DocumentNode, operation: OperationDefinitionNode): OperationRequirements {
    let byOperation = this.cache.get(document);
    if (!byOperation)
      this.cache.set(document, (byOperation = new Map<OperationDefinitionNode, OperationRequirements>()));
    let requirements = byOperation.get(operation);
    if (!requirements) {
      byOperation.set(operation, (requirements = operationRequirements(this.schema, document, operation)));
    }
    return requirements;
  }
}

/** Coercion refuses a value that is not a boolean later; until then the field counts as requested. */
function mayHold({ argument, expected }: Condition, variables: RawVariables): boolean {
  const value = valueOf(argument, variables);
  return typeof value !== "boolean" || value === expected;
}

function valueOf(argument: ArgumentValue<unknown>, variables: RawVariables): unknown {
  if ("value" in argument) return argument.value;
  const given = variables && Object.hasOwn(variables, argument.variable) ? variables[argument.variable] : undefined;
  const value = given === undefined ? argument.fallback : given;
  return value == null && argument.otherwise ? valueOf(argument.otherwise, variables) : value;
}

const tooLarge = (what: string, max: number) =>
  new ApiError(
    "BAD_USER_INPUT",
    `This operation requests up to ${what} in lists; the maximum is ${max}. Request less with \`first\`, or split the operation.`,
  );

const tooManyReads = (reads: number) =>
  new ApiError(
    "BAD_USER_INPUT",
    `This operation reads ${reads} lists and objects on their own; the maximum is ${maxReads}. Request fewer of them, or split the operation.`,
  );

export function forbidden(caller: Caller, path: readonly (string | number)[], requirement: Requirement): ApiError {
  const isKey = caller.kind === "API_KEY";
  const required = isKey ? describeForKeys(requirement) : describe(requirement);
  const field = String(path.at(-1));
  const message = isKey
    ? messageOf(field, requirement)
    : `\`${field}\` requires ${required}, and you are an administrator with the role ${caller.role}${caller.appIds ? ", confined to apps" : ""}.`;
  return new ApiError("FORBIDDEN", message, {
    path: [...path],
    extensions: { required, granted: permissionsOf(caller.granted) },
  });
}

function messageOf(field: string, requirement: Requirement): string {
  switch (requirement.kind) {
    case "credential":
      return `\`${field}\` requires a valid credential.`;
    case "admin":
      return `\`${field}\` requires an administrator; no API key can use it.`;
    case "allAgents":
      return `\`${field}\` requires the level FULL on all agents, which this key's scope does not grant.`;
    case "keys":
      return `\`${field}\` requires the level ${requirement.level} on keys, which this key's scope does not grant.`;
    case "agent":
      return `\`${field}\` requires the level ${requirement.level} on agents, which this key's scope does not grant.`;
    case "runtime":
      return `\`${field}\` requires the permission ${requirement.anyOf.join(" or ")}, which this key's scope does not grant.`;
  }
}
