import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLResponse } from "@apollo/server";
import { HeaderMap } from "@apollo/server";
import { type GraphQLError, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import type { Logger } from "pino";
import type { Context } from "../../container";
import { ApiError, statusOf } from "../../errors";
import { logErrors, maskError } from "./masking";
import type { Operations } from "./operations";

/** Puts validation and the verdict before Apollo Server's execution, and its errors into our form. */
export function authorizationPlugin(operations: Operations, log: Logger): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue, document, request, ...context }) {
          const faults = operations.validationErrors(document);
          if (faults.length > 0) return answer(400, faults);
          // The types know nothing of it, but there is none where the document has none of this name. To execute says so.
          const operation = context.operation as OperationDefinitionNode | undefined;
          if (!operation) return null;
          if (operation.operation === OperationTypeNode.SUBSCRIPTION) return subscriptionByRequest();
          const errors = operations.denials(contextValue.caller, document, operation, request.variables);
          return errors.length > 0 ? refusal(errors) : null;
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

function refusal(errors: readonly ApiError[]): GraphQLResponse {
  const status = Math.max(...errors.map(({ code }) => statusOf[code]));
  return answer(status, errors);
}

function subscriptionByRequest(): GraphQLResponse {
  const message =
    "Subscribe by WebSocket at this address, or by server-sent events at the address with `/stream` behind it.";
  return answer(405, [new ApiError("BAD_USER_INPUT", message)]);
}

function answer(status: number, errors: readonly GraphQLError[]): GraphQLResponse {
  return {
    http: { status, headers: new HeaderMap() },
    body: { kind: "single", singleResult: { errors: errors.map((error) => maskError(error).toJSON()) } },
  };
}

/** Where nothing could be answered, for now, that is told to who does not look into the body as well. */
function promoteStatus({ response: { body, http } }: GraphQLRequestContext<Context> & { response: GraphQLResponse }) {
  if (body.kind !== "single" || http.status !== undefined) return;
  const { data, errors = [] } = body.singleResult;
  const hasAnswer = Object.values(data ?? {}).some((value) => value !== null);
  if (!hasAnswer && errors.some(({ extensions }) => extensions?.["code"] === "UNAVAILABLE")) http.status = 503;
}

/**
 * A document that is faulty is answered with 200 to who asks for `application/json`, and with 400 only to who knows
 * `application/graphql-response+json` (https://graphql.github.io/graphql-over-http/draft/#sec-application-json). What is
 * no request of GraphQL at all is answered with 400 to everybody.
 */
function downgradeStatus({ request, response, errors = [] }: GraphQLRequestContext<Context>): void {
  if (response.http.status !== 400 || errors.some(({ extensions }) => extensions["code"] === "BAD_REQUEST")) return;
  const accept = request.http?.headers.get("accept") ?? "";
  if (!accept.includes("application/graphql-response+json")) response.http.status = 200;
}
