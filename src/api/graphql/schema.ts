import "reflect-metadata";
import { GraphQLDateTime } from "graphql-scalars";
import {
  getNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { buildSchemaSync, type ClassType, getMetadataStorage, type PubSub, type ResolverData } from "type-graphql";
import { authChecker } from "../../auth/checker";
import { readsDatabase } from "../../auth/operation-requirements";
import { describe, type Requirement } from "../../auth/permissions";
import type { Limits } from "../../config";
import { type Context, resolverClasses } from "../../container";
import { markPlainFields } from "./execution/plain-fields";
import { boundResponses } from "./response-bounds";
import { InputValidator } from "../../schema-types/validation";

/**
 * Creates the schema with authorization and validation.
 *
 * @throws if a root field declares no requirement
 */
export function createSchema(limits: Limits): GraphQLSchema {
  const validator = new InputValidator(limits);
  const schema = buildSchemaSync({
    resolvers: [...resolverClasses],
    authChecker,
    pubSub: noPubSub,
    container: ({ context }: ResolverData<Context>) => ({
      get: (resolver: unknown) => context.resolvers.get(resolver),
    }),
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    validateFn: (argument: unknown, type, { info }) =>
      validator.validate(argument, argumentName(info, type as ClassType)),
    // Apollo Server checks it too.
    skipCheck: true,
  });
  publishRequirements(schema);
  markReads(schema);
  markPlainFields(schema);
  boundResponses(schema);
  return schema;
}

/** The argument that takes this input type; empty for a class that holds the arguments themselves. */
function argumentName({ parentType, fieldName }: GraphQLResolveInfo, { name }: ClassType): string {
  const args = parentType.getFields()[fieldName]?.args ?? [];
  return args.find(({ type }) => getNamedType(type).name === name)?.name ?? "";
}

/** TypeGraphQL requires one for subscriptions. The resolvers of this API read events from the database instead. */
const noPubSub: PubSub = {
  publish: noTopics,
  subscribe: noTopics,
};

function noTopics(): never {
  throw new Error("Events are read from the database, not from topics");
}

/** The schema as written to `schema.graphql`, in an order that does not depend on the code. */
export const printedSchema = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`;

/** Marks the fields with a method of their own: these read from the database, unlike the properties of an object. */
function markReads(schema: GraphQLSchema): void {
  for (const { getObjectType, methodName, kind } of getMetadataStorage().fieldResolvers) {
    const target = getObjectType?.();
    const name = getMetadataStorage().objectTypes.find((each) => each.target === target)?.name;
    const type = name === undefined ? undefined : schema.getType(name);
    const field = isObjectType(type) ? type.getFields()[methodName] : undefined;
    if (field && (kind === "external" || methodName === "totalCount")) {
      field.extensions = { ...field.extensions, [readsDatabase]: true };
    }
  }
}

/**
 * Prepends its requirement to the description of each field.
 *
 * @throws if a root field declares none: it would be open to all, and more likely by mistake than on purpose
 */
function publishRequirements(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const requirement = field.extensions["requires"] as Requirement | undefined;
      if (requirement) {
        field.description = `[${describe(requirement)}] ${field.description ?? ""}`.trimEnd();
      } else if (roots.some((root) => root === type)) {
        throw new Error(
          `${type.name}.${field.name} declares no requirement. Add a @Require... decorator to its method.`,
        );
      }
    }
  }
}
