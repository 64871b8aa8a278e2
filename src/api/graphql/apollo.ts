import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { Logger } from "pino";
import type { Context } from "../../container";
import { maskError } from "./masking";
import type { Operations } from "./operations";
import { authorizationPlugin } from "./authorization-plugin";

/** Apollo Server with our verdict in it, and without what it would add of its own. */
export async function createApollo(operations: Operations, log: Logger): Promise<ApolloServer<Context>> {
  const apollo = new ApolloServer<Context>({
    schema: operations.schema,
    parseOptions: operations.parseOptions,
    // The verdict's plugin validates instead, as streams do: there are documents at which the rules of GraphQL.js throw.
    dangerouslyDisableValidation: true,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    logger: log,
    formatError: (formatted, error) => {
      const shown = maskError(error);
      return shown === error ? formatted : shown.toJSON();
    },
    plugins: [
      authorizationPlugin(operations, log),
      // It wraps every field, for nothing: no answer of this API may be kept by a cache.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return apollo;
}
