const lineFeed = 10;

/** What was received is larger than anything that is meant. */
export class ResponseTooLargeError extends Error {
  constructor() {
    super("The response is too large");
    this.name = "ResponseTooLarge";
  }
}

/**
 * Passes bytes on until there are too many: in all, or in one line, since whoever reads lines holds the whole of one.
 * Fails with ResponseTooLarge there.
 */
export function limitResponse({
  maxBytes,
  maxLineBytes,
}: {
  readonly maxBytes: number;
  readonly maxLineBytes: number;
}) {
  let bytes = 0;
  let lineBytes = 0;
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
