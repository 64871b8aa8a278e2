import {
  coerceInputValue,
  getNullableType,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  type OperationDefinitionNode,
  typeFromAST,
} from "graphql";
import type { RawVariables } from "../../auth/authorizer";
import type { FieldError } from "../../errors";

/** The search stops there, since finding every error that fits into a request takes seconds. */
const maxErrors = 20;

/** The maximum number of elements in all lists of the variables; rules bound some lists further. */
const maxElements = 10_000;

/** The same for elements that are input objects, each of which takes longer. */
const maxObjects = 1_000;

/** The maximum number of values in an object that GraphQL.js prints. */
const maxPrinted = 20;

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
  const elements = new ElementCount();
  for (const { variable, type: typeNode, defaultValue } of variableDefinitions) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) continue;

    const value = variables && Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      if (isNonNullType(type) && !defaultValue) errors.push({ field: name, message: "must be given" });
      continue;
    }
    const boundError = elements.errorIn(value, type, [name]);
    if (boundError) return [boundError];
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

/** Finds the first value whose size would hold up its coercion, without looking at the elements of a list before. */
class ElementCount {
  private readonly counts = { elements: 0, objects: 0 };

  errorIn(value: unknown, type: GraphQLInputType, path: readonly string[]): FieldError | undefined {
    const nullable = getNullableType(type);
    if (typeof value !== "object" || value === null) return undefined;
    if (isListType(nullable)) return this.errorInList(Array.isArray(value) ? value : [value], nullable.ofType, path);
    if (isInputObjectType(nullable)) {
      return firstError(Object.values(nullable.getFields()), ({ name, type }) =>
        Object.hasOwn(value, name) ? this.errorIn(Reflect.get(value, name), type, [...path, name]) : undefined,
      );
    }
    // GraphQL.js would print it into its message.
    const isWrong = isSpecifiedScalarType(nullable) || isEnumType(nullable);
    return isWrong && !isSmall(value) ? { field: path.join("."), message: wrongType } : undefined;
  }

  private errorInList(
    values: readonly unknown[],
    type: GraphQLInputType,
    path: readonly string[],
  ): FieldError | undefined {
    const [kind, max] = isInputObjectType(getNullableType(type))
      ? (["objects", maxObjects] as const)
      : (["elements", maxElements] as const);
    this.counts[kind] += values.length;
    if (this.counts[kind] > max) {
      const message = `must have at most ${max.toLocaleString("en")} elements, together with the other lists of the variables`;
      return { field: path.join("."), message };
    }
    return firstError([...values.entries()], ([i, value]) => this.errorIn(value, type, [...path, String(i)]));
  }
}

function firstError<Each>(
  values: readonly Each[],
  find: (value: Each) => FieldError | undefined,
): FieldError | undefined {
  for (const value of values) {
    const error = find(value);
    if (error) return error;
  }
  return undefined;
}

/** Whether an object is printed in no time. */
function isSmall(value: object): boolean {
  const values = Object.values(value).slice(0, maxPrinted + 1) as unknown[];
  return values.length <= maxPrinted && values.every((each) => typeof each !== "object" || each === null);
}

const wrongType = "has the wrong type";

const maxErrorsReached = new Error("The maximum number of errors is reached");

function withoutValue(schema: GraphQLSchema, message: string): string {
  if (message.startsWith("Expected non-nullable")) return "must not be null";
  if (message.startsWith("Field ")) return message;

  const [, enumName] = /" does not exist in "(\w+)" enum\.(?: Did you mean .*)?$/.exec(message) ?? [];
  const enumType = enumName === undefined ? undefined : schema.getType(enumName);
  if (isEnumType(enumType)) {
    return `must be one of ${enumType
      .getValues()
      .map(({ name }) => name)
      .join(", ")}`;
  }
  if (/ 32-bit signed integer value: /.test(message)) return "must be a whole number from -2147483648 to 2147483647";
  if (message.startsWith("Int cannot represent ")) return "must be a whole number";
  if (message.startsWith("Float cannot represent ")) return "must be a number";
  if (message.startsWith("Boolean cannot represent ")) return "must be true or false";
  if (/^(?:String|ID) cannot represent /.test(message)) return "must be a text";
  const [, typeName] = /^Expected type "([^"]+)"/.exec(message) ?? /^Enum "([^"]+)"/.exec(message) ?? [];
  return typeName === undefined ? wrongType : `must be of type ${typeName}`;
}
