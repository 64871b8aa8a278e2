import { type GraphQLSchema, isObjectType } from "graphql";
import { getMetadataStorage } from "type-graphql";

/** The extension of a field that reads a property of its object and does nothing else: the name of the property. */
export const plainProperty = "plainProperty";

/**
 * Marks the fields that read a property, without a method and without a requirement of their own, so that they can be
 * executed without their resolvers.
 */
export function markPlainFields(schema: GraphQLSchema): void {
  const { objectTypes, fieldResolvers } = getMetadataStorage();
  for (const { target, name } of objectTypes) {
    const type = schema.getType(name);
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const declared = declarationOf(target, field.name);
      if (!declared || declared.roles || declared.middlewares?.length || declared.params?.length) continue;
      const hasMethod = fieldResolvers.some(
        ({ getObjectType, methodName, schemaName }) =>
          (methodName === declared.name || schemaName === field.name) && isInherited(target, getObjectType?.()),
      );
      if (!hasMethod) field.extensions = { ...field.extensions, [plainProperty]: declared.name };
    }
  }

  /** That of the class itself, or of the nearest class that it extends. */
  function declarationOf(target: unknown, fieldName: string) {
    for (let each = target; typeof each === "function"; each = Object.getPrototypeOf(each) as unknown) {
      const found = objectTypes.find((type) => type.target === each)?.fields;
      const field = found?.find(({ schemaName }) => schemaName === fieldName);
      if (field) return field;
    }
    return undefined;
  }
}

const isInherited = (target: unknown, from: unknown): boolean =>
  target === from || (typeof target === "function" && isInherited(Object.getPrototypeOf(target), from));
