import { ResponseTooLargeError } from "../../platform/outbound/response-limit";

/** Of all lists and objects of the messages, at any depth. */
const maxElements = 200_000;
/** Of the lists that the client validates one by one: `result.tools` and `result.content`. */
const maxListElements = 5_000;
const listDepth = 3;

const [lineFeed, quote, comma, backslash] = [10, 34, 44, 92];
const [openBracket, closeBracket, openBrace, closeBrace] = [91, 93, 123, 125];

/**
 * Passes the bytes of JSON-RPC messages through, and counts their elements. The client parses and validates a whole
 * message at once, which would hold the event loop for seconds if it had 80,000 tools.
 *
 * @param isEventStream whether each line may begin a message, as in server-sent events
 * @throws {ResponseTooLargeError} from the stream, once a limit is exceeded
 */
export function limitMessages(isEventStream: boolean) {
  let [elements, listElements, depth] = [0, 0, 0];
  let [isInString, isEscaped] = [false, false];
  /** One more if the messages are the elements of a list. */
  let maxListDepth: number | undefined;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      for (const byte of chunk) look(byte);
      if (elements > maxElements || listElements > maxListElements) throw new ResponseTooLargeError();
      controller.enqueue(chunk);
    },
  });

  function look(byte: number): void {
    if (byte === lineFeed) {
      // No string of JSON goes on in the next line.
      isInString = isEscaped = false;
      if (isEventStream) [depth, maxListDepth] = [0, undefined];
    } else if (isEscaped) isEscaped = false;
    else if (byte === quote) isInString = !isInString;
    else if (isInString) isEscaped = byte === backslash;
    else if (byte === openBracket || byte === openBrace) {
      maxListDepth ??= byte === openBracket ? listDepth + 1 : listDepth;
      depth++;
      elements++;
    } else if (byte === closeBracket || byte === closeBrace) depth--;
    else if (byte === comma) {
      elements++;
      if (depth <= (maxListDepth ?? listDepth)) listElements++;
    }
  }
}
