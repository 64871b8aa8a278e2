import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLResponse } from "@apollo/server";
import { HeaderMap } from "@apollo/server";
import { type GraphQLError, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import type { Logger } from "pino";
import type { Context } from "../../container";
import { ApiError, statusOf } from "../../errors";
import { logErrors, maskError } from "./masking";
import type { Operations } from "./operations";

/** Validates and authorizes each operation before Apollo Server executes it, and maps errors to the codes of this API. */
export function authorizationPlugin(operations: Operations, log: Logger): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue, document, request, ...context }) {
          const invalid = operations.validationErrors(document);
          if (invalid.length > 0) return respond(400, invalid);
          // Despite its type, it is undefined if the document has no operation of the name; execution reports that.
          const operation = context.operation as OperationDefinitionNode | undefined;
          if (!operation) return null;
          if (operation.operation === OperationTypeNode.SUBSCRIPTION) return subscriptionNotAllowed();
          const denials = operations.denials(contextValue.caller, document, operation, request.variables);
          return denials.length > 0 ? deny(denials) : null;
        },

        async didEncounterErrors({ errors, contextValue }) {
          logErrors(log, contextValue.requestId, errors);
        },

        async willSendResponse(requestContext) {
          downgradeStatus(requestContext);
          promoteStatus(requestContext);
        },
      };
    },

    async unexpectedErrorProcessingRequest({ requestContext, error }) {
      logErrors(log, requestContext.contextValue.requestId, [error]);
    },
  };
}

function deny(errors: readonly ApiError[]): GraphQLResponse {
  const status = Math.max(...errors.map(({ code }) => statusOf[code]));
  return respond(status, errors);
}

function subscriptionNotAllowed(): GraphQLResponse {
  const message =
    "Subscribe over a WebSocket at this URL, or over server-sent events at this URL followed by `/stream`.";
  return respond(405, [new ApiError("BAD_USER_INPUT", message)]);
}

function respond(status: number, errors: readonly GraphQLError[]): GraphQLResponse {
  return {
    http: { status, headers: new HeaderMap() },
    body: { kind: "single", singleResult: { errors: errors.map((error) => maskError(error).toJSON()) } },
  };
}

/** Responds with 503 if no field has data and one is UNAVAILABLE, for clients that look at the status only. */
function promoteStatus({ response: { body, http } }: GraphQLRequestContext<Context> & { response: GraphQLResponse }) {
  if (body.kind !== "single" || http.status !== undefined) return;
  const { data, errors = [] } = body.singleResult;
  const hasData = Object.values(data ?? {}).some((value) => value !== null);
  if (!hasData && errors.some(({ extensions }) => extensions?.["code"] === "UNAVAILABLE")) http.status = 503;
}

/**
 * An invalid document gets 400 only if the client accepts `application/graphql-response+json`, and 200 if it accepts just
 * `application/json` (https://graphql.github.io/graphql-over-http/draft/#sec-application-json). A request that is not a
 * GraphQL request at all gets 400 in both cases.
 */
function downgradeStatus({ request, response, errors = [] }: GraphQLRequestContext<Context>): void {
  if (response.http.status !== 400 || errors.some(({ extensions }) => extensions["code"] === "BAD_REQUEST")) return;
  const accept = request.http?.headers.get("accept") ?? "";
  if (!accept.includes("application/graphql-response+json")) response.http.status = 200;
}
