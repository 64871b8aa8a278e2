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

/** Creates Apollo Server with the authorization plugin, and without the plugins that it would add itself. */
export async function createApollo(operations: Operations, log: Logger): Promise<ApolloServer<Context>> {
  const apollo = new ApolloServer<Context>({
    schema: operations.schema,
    parseOptions: operations.parseOptions,
    // The authorization plugin validates instead, as streams do, since the rules of GraphQL.js throw for some documents.
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
      // It wraps every field, needlessly: no response of this API may be cached.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return apollo;
}
