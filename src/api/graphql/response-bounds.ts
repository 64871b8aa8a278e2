import {
  defaultFieldResolver,
  type FieldNode,
  getNullableType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
} from "graphql";
import type { Context } from "../../container";
import { ApiError } from "../../errors";
import type { ResponseBudget } from "../../platform/process/response-budget";

/** Two quotes, a colon and a comma. */
export const keyBytes = 4;
/** Braces or brackets. */
const bracketBytes = 2;
/** The length of a DateTime, with quotes. */
const dateBytes = 26;

/**
 * Counts the bytes of each field of the schema as it completes. Once an operation exceeds its maximum, no further
 * resolver runs, and `responseTooLarge` takes the place of its result.
 */
export function boundResponses(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    // The types of the introspection belong to GraphQL.js; the rules of validation bound their fields.
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    const isSubscription = type === schema.getSubscriptionType();
    for (const field of Object.values(type.getFields())) bound(field as GraphQLField<unknown, Context>, isSubscription);
  }
}

export function responseTooLarge({ maxBytes }: ResponseBudget, operation: OperationTypeNode | undefined): ApiError {
  const effect = operation === OperationTypeNode.MUTATION ? " Its mutations may have taken effect." : "";
  const message = `The result of this operation is larger than the maximum of ${maxBytes.toLocaleString("en")} bytes. Request fewer objects or fields.${effect}`;
  return new ApiError("PAYLOAD_TOO_LARGE", message, { extensions: { maxBytes } });
}

function bound(field: GraphQLField<unknown, Context>, isSubscription: boolean): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  const complete = completionOf(field.type);
  const isNonNull = isNonNullType(field.type);

  field.resolve = (source, args, context, info) => {
    const { response } = context;
    if (isSubscription) response.reset();
    response.add(String(info.path.key).length + keyBytes);
    if (response.isExceeded) return stop(response, info);
    const value: unknown = resolve(source, args, context, info);
    return isPromise(value) ? value.then((each) => count(each, response, info)) : count(value, response, info);
  };

  function count(value: unknown, response: ResponseBudget, info: GraphQLResolveInfo): unknown {
    const completed = complete(value, response, info);
    return response.isExceeded ? stop(response, info) : completed;
  }

  /** An error at each field that may be null would take long; the first field that may not be null ends its object. */
  function stop(response: ResponseBudget, { operation }: GraphQLResolveInfo): null {
    if (isNonNull) throw responseTooLarge(response, operation.operation);
    return null;
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

/** Counts a value, and waits for its turn if it has fields. */
type Completion = (value: unknown, response: ResponseBudget, info: GraphQLResolveInfo) => unknown;

function completionOf(type: GraphQLOutputType): Completion {
  const nullable = getNullableType(type);
  const isLeaf = isLeafType(isListType(nullable) ? getNullableType(nullable.ofType) : nullable);
  if (isLeaf) return completeLeaf;
  return isListType(nullable) ? completeObjects : completeObject;
}

const completeLeaf: Completion = (value, response) => {
  response.add(bytesOf(value));
  return value;
};

const completeObject: Completion = (value, response, info) => {
  response.add(bracketBytes);
  if (value == null) return value;
  const turn = response.turnFor(fieldsOf(info));
  return turn ? turn.then(() => value) : value;
};

const completeObjects: Completion = (value, response, info) => {
  if (!Array.isArray(value)) return value;
  const objects: readonly unknown[] = value;
  response.add(bracketBytes + objects.length * (bracketBytes + 1));
  const fields = fieldsOf(info);
  const perTurn = response.objectsPerTurn(fields);
  if (objects.length <= perTurn) {
    const turn = response.turnFor(objects.length * fields);
    return turn ? turn.then(() => objects) : objects;
  }
  let turn: Promise<void> | undefined;
  return objects.map((object, i) => {
    if (i % perTurn === 0) turn = response.turnFor(Math.min(perTurn, objects.length - i) * fields);
    return turn ? turn.then(() => object) : object;
  });
};

/** The size of a value as JSON, without the escapes of its texts: those are counted when it is serialized. */
export function bytesOf(value: unknown): number {
  switch (typeof value) {
    case "string":
      return Buffer.byteLength(value) + bracketBytes;
    case "object":
      if (value === null) return 4;
      if (value instanceof Date) return dateBytes;
      if (Array.isArray(value)) return value.reduce((total: number, each) => total + bytesOf(each) + 1, bracketBytes);
      return Buffer.byteLength(JSON.stringify(value));
    default:
      return String(value).length;
  }
}

const knownFields = new WeakMap<FieldNode, number>();

/** The number of fields of an object of this field, across fragments; fields of their fields have turns of their own. */
function fieldsOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  let total = 0;
  for (const node of fieldNodes) {
    let fields = knownFields.get(node);
    if (fields === undefined) knownFields.set(node, (fields = node.selectionSet ? fieldsIn(node.selectionSet) : 0));
    total += fields;
  }
  return Math.max(1, total);

  function fieldsIn({ selections }: SelectionSetNode): number {
    return selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1;
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      return sum + (inner ? fieldsIn(inner.selectionSet) : 0);
    }, 0);
  }
}
