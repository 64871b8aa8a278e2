import { type DocumentNode, GraphQLError, parse, type ParseOptions } from "graphql";

/**
 * A longer document, or one with more lines, has errors without locations: GraphQL.js finds each line and column by a
 * search from the start of the document, and an error may have hundreds of them.
 */
const maxLocatedChars = 20_000;
const maxLocatedLines = 1_000;

/** The time that GraphQL.js takes for comments and block strings grows with their lines. */
const maxLines = 20_000;

/** The maximum length of a message about a document, which may repeat a name or a value of it. */
const maxMessageChars = 1_000;

/** Whether GraphQL.js may search for similar names, and for the location of each error. */
export const isShortDocument = (text: string): boolean => text.length <= maxLocatedChars;

/**
 * Parses a document in time linear in its length.
 *
 * @throws {GraphQLError} with the code GRAPHQL_PARSE_FAILED
 */
export function parseDocument(text: string, options: ParseOptions): DocumentNode {
  const lines = countLines(text);
  if (lines > maxLines) throw parseError(`The document has more than ${maxLines} lines. Send texts in variables.`);
  try {
    return parse(text, { ...options, noLocation: !isShortDocument(text) || lines > maxLocatedLines });
  } catch (error) {
    // The parser recurses for each nested value, selection and type.
    if (error instanceof RangeError) throw nestedTooDeeply();
    throw withCode(error, parseFailed);
  }
}

const parseFailed = "GRAPHQL_PARSE_FAILED";

const parseError = (message: string) => withCode(new GraphQLError(`Syntax Error: ${message}`), parseFailed);

export const nestedTooDeeply = () => parseError("The document is nested too deeply.");

/** Counts both characters that end lines, up to the maximum. */
function countLines(text: string): number {
  let lines = 1;
  for (const lineEnd of ["\n", "\r"]) {
    for (let at = text.indexOf(lineEnd); at >= 0 && lines <= maxLines; at = text.indexOf(lineEnd, at + 1)) lines += 1;
  }
  return lines;
}

/** Copies an error about a document, with a code and a message of bounded length. */
export function withCode(error: unknown, code: string): GraphQLError {
  const { message, source = null, positions = null, nodes = null } = error as GraphQLError;
  const shown = message.length > maxMessageChars ? `${message.slice(0, maxMessageChars)}…` : message;
  return new GraphQLError(shown, { nodes, source, positions, extensions: { code } });
}
