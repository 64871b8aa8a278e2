import {
  type ExecutionResult,
  type FieldNode,
  getArgumentValues,
  type GraphQLError,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isLeafType,
  isListType,
  isNonNullType,
  locatedError,
  OperationTypeNode,
  responsePathAsArray,
} from "graphql";
import type { Context } from "../../../container";
import { bytesOf } from "../response-bounds";
import type { FieldPlan, LeafPlan, OperationPlan, SelectionPlan } from "./plan";

type Path = GraphQLResolveInfo["path"];
type MaybePromise<Value> = Value | Promise<Value>;
type Result = Record<string, unknown>;

/** The arguments of an execution, beside its operation. */
export interface PlanArgs {
  readonly schema: GraphQLSchema;
  readonly contextValue: Context;
  /** As coerced to their types. */
  readonly variableValues: Record<string, unknown>;
  readonly rootValue?: unknown;
}

/** The value of a field is none that can be read like a property: an error, a promise, or one of a wrong type. */
const unusual = Symbol("unusual");

/**
 * Executes an operation by its plan: the algorithm of GraphQL.js, with the same results, errors and order of resolvers.
 * The plan has everything that does not depend on the request; fields that are properties take no resolver, and no information
 * about the field.
 */
export async function executePlan(plan: OperationPlan, args: PlanArgs): Promise<ExecutionResult> {
  const execution = new PlanExecution(plan, args);
  try {
    const data = await execution.run();
    return execution.errors.length === 0 ? { data } : { errors: execution.errors, data };
  } catch (error) {
    execution.add(error as GraphQLError, undefined);
    return { errors: execution.errors, data: null };
  }
}

class PlanExecution {
  readonly errors: GraphQLError[] = [];
  private readonly nulledPaths = new Set<Path | undefined>();

  constructor(
    private readonly plan: OperationPlan,
    private readonly args: PlanArgs,
  ) {}

  run(): MaybePromise<Result> {
    const isMutation = this.plan.operation.operation === OperationTypeNode.MUTATION;
    return isMutation ? this.fieldsInTurn(this.plan) : this.fields(this.plan, this.args.rootValue, undefined);
  }

  /** Not below a place that is null because of another error: nobody can see the value that the error is about. */
  add(error: GraphQLError, path: Path | undefined): void {
    for (let each = path; each; each = each.prev) if (this.nulledPaths.has(each)) return;
    if (this.nulledPaths.has(undefined)) return;
    this.nulledPaths.add(path);
    this.errors.push(error);
  }

  /** One after the other. GraphQL.js chains promises in this way, which decides which errors it collects. */
  private fieldsInTurn({ type, fields }: SelectionPlan): MaybePromise<Result> {
    const add = (results: Result, field: FieldPlan): MaybePromise<Result> => {
      const value = this.field(field, this.args.rootValue, { prev: undefined, key: field.key, typename: type.name });
      const added = (completed: unknown) => Object.assign(results, { [field.key]: completed });
      return isPromise(value) ? value.then(added) : added(value);
    };
    let results: MaybePromise<Result> = {};
    for (const field of fields)
      results = isPromise(results) ? results.then((before) => add(before, field)) : add(results, field);
    return results;
  }

  private fields({ type, fields }: SelectionPlan, source: unknown, path: Path | undefined): MaybePromise<Result> {
    const results: Result = {};
    let hasPromise = false;
    try {
      for (const field of fields) {
        let result = field.leaf ? this.leaf(field.leaf, source) : unusual;
        if (result === unusual) {
          result = this.field(field, source, { prev: path, key: field.key, typename: type.name });
          if (isPromise(result)) hasPromise = true;
        }
        results[field.key] = result;
      }
    } catch (error) {
      // The others may reject too. A promise that is returned here would take longer than GraphQL.js does.
      const rethrow = () => {
        throw error;
      };
      if (hasPromise) return settled(results).finally(rethrow);
      throw error;
    }
    return hasPromise ? settled(results) : results;
  }

  /** Counts and serializes the value of a property, as its resolver does. */
  private leaf(leaf: LeafPlan, source: unknown): unknown {
    if ("constant" in leaf) return leaf.constant;
    const { response } = this.args.contextValue;
    const value = (source as Result)[leaf.property];
    if (value === undefined || (value === null && !leaf.isNullable)) return unusual;
    const isObject = typeof value === "object" && value !== null;
    if ((isObject && !(value instanceof Date)) || typeof value === "function") return unusual;
    // The resolver counts a value that is unusual.
    const serialized = value === null ? null : serializedOrUnusual(leaf, value);
    if (serialized === unusual) return unusual;
    response.add(leaf.keyBytes + bytesOf(value));
    return response.isExceeded ? unusual : serialized;
  }

  private field(field: FieldPlan, source: unknown, path: Path): unknown {
    const { definition, nodes } = field;
    const info = this.infoOf(field, path);
    const complete = (value: unknown) => this.complete(field, definition.type, info, path, value);
    try {
      const args = getArgumentValues(
        definition as GraphQLField<unknown, unknown>,
        nodes[0] as FieldNode,
        this.args.variableValues,
      );
      const result: unknown = definition.resolve?.(source, args, this.args.contextValue, info);
      const completed = isPromise(result) ? result.then(complete) : complete(result);
      return this.handled(completed, field, definition.type, path);
    } catch (error) {
      return this.fail(error, field, definition.type, path);
    }
  }

  private infoOf({ definition, nodes, parentType }: FieldPlan, path: Path): GraphQLResolveInfo {
    const { operation, fragments } = this.plan;
    const { schema, variableValues, rootValue } = this.args;
    const { name: fieldName, type: returnType } = definition;
    return {
      ...{ fieldName, fieldNodes: nodes, returnType, parentType, path, schema },
      ...{ fragments, rootValue, operation, variableValues },
    };
  }

  /** A promise of a value whose error is that of the field. */
  private handled(completed: unknown, field: FieldPlan, type: GraphQLOutputType, path: Path): unknown {
    if (!isPromise(completed)) return completed;
    return completed.then(undefined, (error: unknown) => this.fail(error, field, type, path));
  }

  private fail(rawError: unknown, { nodes }: FieldPlan, type: GraphQLOutputType, path: Path): null {
    const error = locatedError(rawError, nodes, responsePathAsArray(path));
    if (isNonNullType(type)) throw error;
    this.add(error, path);
    return null;
  }

  private complete(
    field: FieldPlan,
    type: GraphQLOutputType,
    info: GraphQLResolveInfo,
    path: Path,
    value: unknown,
  ): unknown {
    if (value instanceof Error) throw value;
    if (isNonNullType(type)) {
      const completed = this.complete(field, type.ofType, info, path, value);
      if (completed !== null) return completed;
      throw new Error(`Cannot return null for non-nullable field ${info.parentType.name}.${info.fieldName}.`);
    }
    if (value == null) return null;
    if (isListType(type)) return this.completeList(field, type.ofType, info, path, value);
    if (isLeafType(type)) {
      const serialized: unknown = type.serialize(value);
      if (serialized == null)
        throw new Error(`The value of ${info.parentType.name}.${info.fieldName} is none of its type.`);
      return serialized;
    }
    return this.fields(field.selection as SelectionPlan, value, path);
  }

  private completeList(
    field: FieldPlan,
    type: GraphQLOutputType,
    info: GraphQLResolveInfo,
    path: Path,
    value: unknown,
  ): unknown {
    if (!Array.isArray(value)) throw new Error(`The value of ${info.parentType.name}.${info.fieldName} is no list.`);
    const promises: Promise<unknown>[] = [];
    try {
      const completed = value.map((item: unknown, index) => {
        const result = this.completeItem(field, type, info, { prev: path, key: index, typename: undefined }, item);
        if (isPromise(result)) promises.push(result);
        return result;
      });
      return promises.length > 0 ? Promise.all(completed) : completed;
    } catch (error) {
      // The items before may reject too, which nobody waits for any more.
      for (const promise of promises) promise.catch(() => undefined);
      throw error;
    }
  }

  private completeItem(
    field: FieldPlan,
    type: GraphQLOutputType,
    info: GraphQLResolveInfo,
    path: Path,
    item: unknown,
  ): unknown {
    const complete = (each: unknown) => this.complete(field, type, info, path, each);
    try {
      return this.handled(isPromise(item) ? item.then(complete) : complete(item), field, type, path);
    } catch (error) {
      return this.fail(error, field, type, path);
    }
  }
}

function serializedOrUnusual(leaf: Exclude<LeafPlan, { constant: unknown }>, value: unknown): unknown {
  try {
    return leaf.type.serialize(value) ?? unusual;
  } catch {
    return unusual;
  }
}

const isPromise = <Value>(value: MaybePromise<Value>): value is Promise<Value> =>
  typeof value === "object" && value !== null && typeof (value as Promise<Value>).then === "function";

/** The same object, when all of its values are there. */
async function settled(results: Result): Promise<Result> {
  const keys = Object.keys(results);
  const values = await Promise.all(Object.values(results));
  return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
}
