import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { ApiError } from "../errors";
import type { Caller } from "./caller";
import {
  type Condition,
  type ArgumentValue,
  operationRequirements,
  type OperationRequirements,
} from "./operation-requirements";
import { describe, permissionsOf, type Requirement, satisfies } from "./permissions";

/** How many fields may be asked of an object, where as many objects are asked for as may be. */
const valuesPerNode = 20;

/** The variables of a request as they came, not yet checked against their types. */
export type RawVariables = Readonly<Record<string, unknown>> | undefined;

/**
 * Judges operations of one schema, each as a whole, before anything of it is executed. What a document needs is worked
 * out once and kept for as long as the document itself is kept.
 */
export class OperationAuthorizer {
  private readonly known = new WeakMap<DocumentNode, Map<OperationDefinitionNode, OperationRequirements>>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly bounds: { readonly maxNodes: number; readonly maxPageSize: number },
  ) {}

  /** What stands against the operation; empty where it may be executed. */
  authorize(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const refused = this.denials(caller, document, operation, variables);
    if (refused.length > 0) return refused;

    const { nodes, values } = this.sizeOf(document, operation, variables);
    const { maxNodes } = this.bounds;
    if (nodes > maxNodes) return [tooMuch(`${nodes} objects`, maxNodes)];
    const maxValues = maxNodes * valuesPerNode;
    return values > maxValues ? [tooMuch(`${values} fields of objects`, maxValues)] : [];
  }

  /** One FORBIDDEN error for each field that the caller's grants do not cover. */
  denials(
    caller: Caller,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): readonly ApiError[] {
    const refused = this.requirementsOf(document, operation).guarded.filter(
      ({ mask, conditions }) =>
        !satisfies(caller.granted, mask) && conditions.every((each) => mayHold(each, variables)),
    );
    const byField = new Map(refused.map((need) => [`${need.path.join(".")} ${describe(need.requirement)}`, need]));
    return [...byField.values()].map(({ path, requirement }) => forbidden(caller, path, requirement));
  }

  /** How many objects the operation's pages may have in all, and how many fields of them it asks for. */
  private sizeOf(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: RawVariables,
  ): { nodes: number; values: number } {
    let [nodes, values] = [0, 0];
    for (const { lengths, conditions, isPaged, fields } of this.requirementsOf(document, operation).lists) {
      if (!conditions.every((each) => mayHold(each, variables))) continue;
      const objects = lengths.reduce((product, each) => product * this.length(each, variables), 1);
      if (isPaged) nodes += objects;
      values += objects * fields;
    }
    return { nodes, values };
  }

  /** What is no length is refused later, and must not make up for others here. */
  private length(given: ArgumentValue<number>, variables: RawVariables): number {
    const { maxPageSize } = this.bounds;
    const length = valueOf(given, variables);
    return typeof length === "number" && length >= 0 && length <= maxPageSize ? length : maxPageSize;
  }

  private requirementsOf(document: DocumentNode, operation: OperationDefinitionNode): OperationRequirements {
    let operations = this.known.get(document);
    if (!operations) this.known.set(document, (operations = new Map<OperationDefinitionNode, OperationRequirements>()));
    let needs = operations.get(operation);
    if (!needs) operations.set(operation, (needs = operationRequirements(this.schema, document, operation)));
    return needs;
  }
}

/** A value that is no boolean will be refused when variables are coerced; until then the field counts. */
function mayHold({ given, wanted }: Condition, variables: RawVariables): boolean {
  const value = valueOf(given, variables);
  return typeof value !== "boolean" || value === wanted;
}

function valueOf(given: ArgumentValue<unknown>, variables: RawVariables): unknown {
  if ("value" in given) return given.value;
  const value = variables && Object.hasOwn(variables, given.variable) ? variables[given.variable] : undefined;
  return value === undefined ? given.fallback : value;
}

const tooMuch = (what: string, most: number) =>
  new ApiError(
    "BAD_USER_INPUT",
    `This operation asks for up to ${what} in lists; at most ${most} are allowed. Ask for less with \`first\`, or in several requests.`,
  );

export function forbidden(caller: Caller, path: readonly (string | number)[], requirement: Requirement): ApiError {
  const required = describe(requirement);
  return new ApiError("FORBIDDEN", messageOf(String(path.at(-1)), requirement), {
    path: [...path],
    extensions: { required, granted: permissionsOf(caller.granted) },
  });
}

function messageOf(field: string, requirement: Requirement): string {
  switch (requirement.kind) {
    case "credential":
      return `\`${field}\` requires a valid credential.`;
    case "admin":
      return `\`${field}\` is for administrators only; no API key may use it.`;
    case "agent":
      return `\`${field}\` requires the level ${requirement.level} on agents, which this key's scope does not grant.`;
    case "runtime":
      return `\`${field}\` requires the permission ${requirement.anyOf.join(" or ")}, which this key's scope does not grant.`;
  }
}
