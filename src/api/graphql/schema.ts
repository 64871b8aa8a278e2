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
import { buildSchemaSync, type ClassType, type PubSub, type ResolverData } from "type-graphql";
import { authChecker } from "../../auth/checker";
import { describe, type Requirement } from "../../auth/permissions";
import type { Limits } from "../../config";
import { type Context, resolverClasses } from "../../container";
import { InputValidator } from "../../schema-types/validation";

/** The schema with the rules of this server in it. Throws where a root field does not say what it requires. */
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
  return schema;
}

/** The argument that takes this input type; empty for a class that holds the arguments themselves. */
function argumentName({ parentType, fieldName }: GraphQLResolveInfo, { name }: ClassType): string {
  const args = parentType.getFields()[fieldName]?.args ?? [];
  return args.find(({ type }) => getNamedType(type).name === name)?.name ?? "";
}

/** TypeGraphQL wants one where there are subscriptions. Ours read what is stored, and take no topics. */
const noPubSub: PubSub = {
  publish: noTopics,
  subscribe: noTopics,
};

function noTopics(): never {
  throw new Error("Events are read from the database, not from topics");
}

/** The schema as `schema.graphql` has it: in an order that does not depend on that of the code. */
export const printedSchema = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`;

/**
 * Writes what each field requires in front of its description. A root field that requires nothing would be open to
 * all; as that is forgotten sooner than meant, such a schema is refused.
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
          `${type.name}.${field.name} does not say what it requires. Put a @Require... above its method.`,
        );
      }
    }
  }
}
