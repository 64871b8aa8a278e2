import { type ASTVisitor, GraphQLError, type ValidationContext } from "graphql";

/**
 * A validation rule: the one field of a subscription is always there. The specification forbids `@skip` and `@include`
 * above it (https://spec.graphql.org/draft/#sec-Single-Root-Field); GraphQL.js lets them pass and throws at them later.
 */
export function unconditionalSubscriptionRule(context: ValidationContext): ASTVisitor {
  return {
    Directive(node) {
      const { name } = node;
      if (name.value !== "skip" && name.value !== "include") return;
      if (context.getParentType() !== context.getSchema().getSubscriptionType()) return;
      const message = `A subscription must not have \`@${name.value}\` above its field. Subscribe to it, or don't.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}
