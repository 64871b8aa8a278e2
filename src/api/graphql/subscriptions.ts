import { type ASTVisitor, GraphQLError, type ValidationContext } from "graphql";

/**
 * A validation rule: the root field of a subscription has no condition. The specification forbids `@skip` and `@include`
 * on it (https://spec.graphql.org/draft/#sec-Single-Root-Field); GraphQL.js accepts them and throws later.
 */
export function unconditionalSubscriptionRule(context: ValidationContext): ASTVisitor {
  return {
    Directive(node) {
      const { name } = node;
      if (name.value !== "skip" && name.value !== "include") return;
      if (context.getParentType() !== context.getSchema().getSubscriptionType()) return;
      const message = `The root field of a subscription must not have \`@${name.value}\`. Remove the directive.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}
