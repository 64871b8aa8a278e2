const lineFeed = 10;

/** The response exceeds its maximum size. */
export class ResponseTooLargeError extends Error {
  constructor() {
    super("The response is too large");
    this.name = "ResponseTooLargeError";
  }
}

/**
 * Passes bytes through. Limits the lines too, as a consumer that reads lines buffers a whole line.
 *
 * @throws {ResponseTooLargeError} from the stream, once a limit is exceeded
 */
export function limitResponse({
  maxBytes,
  maxLineBytes,
}: {
  readonly maxBytes: number;
  readonly maxLineBytes: number;
}) {
  let [bytes, lineBytes] = [0, 0];
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const lineEnd = chunk.lastIndexOf(lineFeed);
      bytes += chunk.length;
      lineBytes = lineEnd === -1 ? lineBytes + chunk.length : chunk.length - lineEnd - 1;
      if (bytes > maxBytes || lineBytes > maxLineBytes) throw new ResponseTooLargeError();
      controller.enqueue(chunk);
    },
  });
}
