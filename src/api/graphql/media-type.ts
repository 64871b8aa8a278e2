import Negotiator from "negotiator";

const json = "application/json; charset=utf-8";
const graphqlResponse = "application/graphql-response+json; charset=utf-8";

/**
 * The media type of a response, by the header `accept`, as Apollo Server chooses it
 * (https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types).
 *
 * @returns undefined if the client accepts no response of this API
 */
export function responseTypeOf(accept: string | undefined): string | undefined {
  return accept === undefined || accept === ""
    ? json
    : new Negotiator({ headers: { accept } }).mediaType([json, graphqlResponse]);
}

/** The media type of an error, which is sent even to a client that accepts none. */
export const errorTypeOf = (accept: string | undefined): string => responseTypeOf(accept) ?? json;

/** Whether a client wants the status of the request itself, rather than 200 for every response of GraphQL. */
export const isGraphqlResponse = (accept: string | undefined): boolean => responseTypeOf(accept) === graphqlResponse;
