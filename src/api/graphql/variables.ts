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

/** The search stops there, since finding every error that fits into a request takes seconds. */
const maxErrors = 20;

/**
 * Validates the variables of an operation. GraphQL would find the same errors on execution, but its messages repeat the
 * values, which may be secrets, and do not name the fields in a machine-readable way.
 */
export function variableErrors(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: RawVariables,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const { variable, type: typeNode, defaultValue } of variableDefinitions) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) continue;

    const value = variables && Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      if (isNonNullType(type) && !defaultValue) errors.push({ field: name, message: "must be given" });
      continue;
    }
    try {
      coerceInputValue(value, type, (path, _invalid, { message }) => {
        errors.push({ field: [name, ...path].join("."), message: withoutValue(schema, message) });
        if (errors.length >= maxErrors) throw maxErrorsReached;
      });
    } catch (error) {
      if (error !== maxErrorsReached) throw error;
      break;
    }
  }
  return errors;
}

const maxErrorsReached = new Error("The maximum number of errors is reached");

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
