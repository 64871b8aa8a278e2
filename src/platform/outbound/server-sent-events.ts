import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ResponseTooLargeError } from "./response-limit";

/** Of an event that has not ended, and of a line that has not. */
const maxBufferedChars = 4 * 1_024 * 1_024;

export interface ReceivedEvent extends EventSourceMessage {
  /** Whether the stream ended before a blank line did: the event may be cut off. */
  readonly isLast: boolean;
}

/**
 * The server-sent events of a response. Some servers leave out the blank line, or any line break, behind the last one.
 *
 * @throws {ResponseTooLargeError} from the stream, for an event of more than 4 Mi characters
 * @param notEvents the error if the response has lines, none of which is a field of an event or a comment
 */
export function eventsOf(body: ReadableStream, notEvents?: () => Error): ReadableStream<ReceivedEvent> {
  let [isLast, hasFields, hasOtherLines] = [false, false, false];
  let emit: (event: ReceivedEvent) => void = () => undefined;
  const parser = createParser({
    maxBufferSize: maxBufferedChars,
    onEvent: (event) => {
      hasFields = true;
      emit({ ...event, isLast });
    },
    onComment: () => (hasFields = true),
    onRetry: () => (hasFields = true),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") throw new ResponseTooLargeError();
      hasOtherLines ||= type === "unknown-field";
    },
  });
  return body.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, ReceivedEvent>({
      start(controller) {
        emit = (event) => controller.enqueue(event);
      },
      transform: (chunk) => parser.feed(chunk),
      flush() {
        isLast = true;
        parser.feed("\n\n");
        if (notEvents && hasOtherLines && !hasFields) throw notEvents();
      },
    }),
  );
}
