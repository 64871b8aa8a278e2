import {
  coerceInputValue,
  type GraphQLSchema,
  isEnumType,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from "graphql";
import type { RawVariables } from "../../auth/authorizer";
import type { FieldError } from "../../errors";

/** More are not looked for: to find each of those that fit into a request takes seconds. */
const mostFaults = 20;

/**
 * What is wrong with the variables of an operation. GraphQL would find the same when it executes, but says it with the
 * values, which may be secrets, and without naming the fields for programs.
 */
export function variableFaults(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: RawVariables,
): FieldError[] {
  const faults: FieldError[] = [];
  for (const { variable, type: typeNode, defaultValue } of variableDefinitions) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) continue;

    const value = variables && Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      if (isNonNullType(type) && !defaultValue) faults.push({ field: name, message: "must be given" });
      continue;
    }
    try {
      coerceInputValue(value, type, (path, _invalid, { message }) => {
        faults.push({ field: [name, ...path].join("."), message: withoutValue(schema, message) });
        if (faults.length >= mostFaults) throw enough;
      });
    } catch (error) {
      if (error !== enough) throw error;
      break;
    }
  }
  return faults;
}

const enough = new Error("There are faults enough");

function withoutValue(schema: GraphQLSchema, message: string): string {
  if (message.startsWith("Expected non-nullable")) return "must not be null";
  if (message.startsWith("Field ")) return message;

  const [, enumName] = /" does not exist in "(\w+)" enum\.(?: Did you mean [^"]*.*)?$/.exec(message) ?? [];
  const enumType = enumName === undefined ? undefined : schema.getType(enumName);
  if (isEnumType(enumType)) {
    return `must be one of ${enumType
      .getValues()
      .map(({ name }) => name)
      .join(", ")}`;
  }
  const [, typeName] = /^Expected type "([^"]+)"/.exec(message) ?? /^Enum "([^"]+)"/.exec(message) ?? [];
  return typeName === undefined ? "has the wrong type" : `must be of type ${typeName}`;
}
