import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { Logger } from "pino";
import type { RequestRates } from "../../domain/api-key/request-rates";
import type { Context } from "../../container";
import { maskError } from "./masking";
import type { Operations } from "./operations";
import { preflightHeaders } from "./preflight";
import { authorizationPlugin } from "./authorization-plugin";

/** Creates Apollo Server with the authorization plugin, and without the plugins that it would add itself. */
export async function createApollo(
  operations: Operations,
  rates: RequestRates,
  log: Logger,
): Promise<ApolloServer<Context>> {
  const apollo = new ApolloServer<Context>({
    schema: operations.schema,
    // The authorization plugin parses and validates instead, as streams do, and keeps documents in a cache of its own:
    // the one of Apollo Server does not count the text that a document keeps alive.
    documentStore: null,
    dangerouslyDisableValidation: true,
    introspection: true,
    csrfPrevention: { requestHeaders: preflightHeaders },
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
      authorizationPlugin(operations, rates, log),
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
