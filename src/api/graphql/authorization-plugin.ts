import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLResponse } from "@apollo/server";
import { HeaderMap } from "@apollo/server";
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type OperationDefinitionNode,
  OperationTypeNode,
} from "graphql";
import type { Logger } from "pino";
import type { Context } from "../../container";
import type { RequestRates } from "../../domain/api-key/request-rates";
import { ApiError, retryAfterOf, statusOf } from "../../errors";
import { logErrors, maskError } from "./masking";
import { isGraphqlResponse } from "./media-type";
import { pointsOf } from "./operation-points";
import type { Operations } from "./operations";
import { responseTooLarge } from "./response-bounds";
import { isLarge, serialize } from "./serialization";

/**
 * Parses, validates, authorizes and executes each operation in the place of Apollo Server, and maps errors to the codes of
 * this API.
 */
export function authorizationPlugin(
  operations: Operations,
  rates: RequestRates,
  log: Logger,
): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      let invalid: readonly GraphQLError[] = [];
      return {
        async didResolveSource(context) {
          const { document, errors } = operations.parse(context.source);
          invalid = errors;
          // Apollo Server parses only if there is no document yet.
          Object.assign(context, { document });
        },

        async responseForOperation({ contextValue, document, request, ...context }) {
          const { report } = contextValue;
          if (invalid.length > 0) {
            report.refuse(invalid);
            return respond(400, invalid);
          }
          // Despite its type, it is undefined if the document has no operation of the name; execution reports that.
          const operation = context.operation as OperationDefinitionNode | undefined;
          if (!operation) return null;
          report.operation = { document, operation };
          if (operation.operation === OperationTypeNode.SUBSCRIPTION) return subscriptionNotAllowed();
          const { variables } = request;
          const denials = await contextValue.access.admit({ document, operation, variables }, (caller) =>
            operations.denials(caller, document, operation, variables),
          );
          if (denials.length > 0) {
            report.refuse(denials);
            return deny(denials);
          }
          const refusal = await chargeOperation(rates, contextValue, document, operation);
          if (refusal) return refusal;
          report.allow();
          const executed = operations.execute(document, operation, variables, contextValue);
          const result = await contextValue.access.unlessLost(executed);
          if (result instanceof ApiError) return deny([result]);
          if (result?.errors) logErrors(log, contextValue.requestId, result.errors);
          return result ? responseOf(result) : null;
        },

        async didEncounterErrors({ errors, contextValue }) {
          logErrors(log, contextValue.requestId, errors);
        },

        async willSendResponse(requestContext) {
          reportErrors(requestContext);
          await boundResponse(requestContext);
          const loss = await requestContext.contextValue.access.loss();
          if (loss) {
            requestContext.contextValue.response.serialized = undefined;
            Object.assign(requestContext.response, deny([loss]));
            requestContext.contextValue.report.refuse([loss]);
          }
          downgradeStatus(requestContext);
          promoteStatus(requestContext);
          addRetryAfter(requestContext.response);
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

/** The same response that Apollo Server makes of a result. */
function responseOf({ errors, data }: ExecutionResult): GraphQLResponse {
  const shown = errors?.map((error) => {
    const formatted = maskError(error).toJSON();
    const { code = "INTERNAL_SERVER_ERROR" } = formatted.extensions ?? {};
    return { ...formatted, extensions: { ...formatted.extensions, code } };
  });
  return {
    http: { headers: new HeaderMap() },
    body: { kind: "single", singleResult: { data: data ?? null, ...(shown && { errors: shown }) } },
  };
}

/** Serializes a large result, and replaces one that is larger than the maximum by one error. */
async function boundResponse({
  response,
  operation,
  contextValue: { response: budget, report },
}: GraphQLRequestContext<Context> & { response: GraphQLResponse }): Promise<void> {
  const isSmall = !budget.isExceeded && !isLarge(budget.usedBytes);
  if (response.body.kind !== "single" || isSmall) return;
  const { data, errors } = response.body.singleResult;
  const result = { ...(errors ? { errors } : {}), data } as ExecutionResult;
  budget.serialized = budget.isExceeded ? undefined : await serialize(result, budget.maxBytes, budget.usedBytes);
  if (budget.serialized) {
    // Apollo Server would serialize it too.
    response.body.singleResult = {};
  } else {
    const error = responseTooLarge(budget, operation?.operation);
    report.fail([error]);
    response.body.singleResult = { errors: [error.toJSON()] };
    response.http.status = statusOf[error.code];
  }
}

/** @returns the response to an operation that exceeds the rate of its caller */
async function chargeOperation(
  rates: RequestRates,
  { caller, report }: Context,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Promise<GraphQLResponse | null> {
  const points = pointsOf(document, operation);
  if (points === 0) return null;
  try {
    await rates.charge(caller, points);
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    report.refuse([error]);
    return respond(statusOf[error.code], [error]);
  }
}

/** The errors of an operation that was executed, or was refused by Apollo Server itself. */
function reportErrors({
  response: { body },
  contextValue: { report },
}: GraphQLRequestContext<Context> & { response: GraphQLResponse }): void {
  const { errors } = body.kind === "single" ? body.singleResult : {};
  if (!errors || errors.length === 0) return;
  const shown = errors as readonly Pick<GraphQLError, "extensions">[];
  if (report.verdict === "ALLOWED") report.fail(shown);
  else if (!report.verdict) report.refuse(shown);
}

function addRetryAfter({ body, http }: GraphQLResponse): void {
  if (body.kind !== "single" || (http.status !== 429 && http.status !== 503)) return;
  const seconds = retryAfterOf((body.singleResult.errors ?? []) as GraphQLError[]);
  if (seconds !== undefined) http.headers.set("retry-after", String(seconds));
}

/**
 * Responds with 503 if no field has data and one is UNAVAILABLE, and with 429 if one has reached a limit, for clients that
 * look at the status only.
 */
function promoteStatus({ response: { body, http } }: GraphQLRequestContext<Context> & { response: GraphQLResponse }) {
  if (body.kind !== "single" || http.status !== undefined) return;
  const { data, errors = [] } = body.singleResult;
  const hasData = Object.values(data ?? {}).some((value) => value !== null);
  if (hasData) return;
  const codes = new Set(errors.map(({ extensions }) => extensions?.["code"]));
  if (codes.has("UNAVAILABLE")) http.status = 503;
  else if (codes.has("LIMIT_REACHED") || codes.has("RATE_LIMITED")) http.status = 429;
}

/**
 * An invalid document gets 400 only if the client accepts `application/graphql-response+json`, and 200 if it accepts just
 * `application/json` (https://graphql.github.io/graphql-over-http/draft/#sec-application-json). A request that is not a
 * GraphQL request at all gets 400 in both cases.
 */
function downgradeStatus({ request, response, errors = [] }: GraphQLRequestContext<Context>): void {
  if (response.http.status !== 400 || errors.some(({ extensions }) => extensions["code"] === "BAD_REQUEST")) return;
  if (!isGraphqlResponse(request.http?.headers.get("accept"))) response.http.status = 200;
}
