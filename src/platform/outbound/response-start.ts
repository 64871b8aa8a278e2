/** A body may begin with white space of at most this length. */
const maxLeadingBytes = 16_384;
/** The longest name of a field of server-sent events, and its colon. */
const maxStartChars = 6;

/**
 * Reads the beginning of a response, since the content type of some servers is wrong.
 *
 * @returns the first characters from the first one that is not white space, and the same response, unread
 */
export async function startOf(response: Response): Promise<{ readonly start: string; readonly response: Response }> {
  const { body, status, statusText, headers } = response;
  if (!body) return { start: "", response };
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let start = "";
  for (let bytes = 0; start.length < maxStartChars && bytes < maxLeadingBytes;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || !value) break;
    chunks.push(value);
    bytes += value.length;
    start = (start + decoder.decode(value.subarray(0, maxLeadingBytes), { stream: true })).trimStart();
  }
  const whole = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift() ?? ((await reader.read()) as { value?: Uint8Array }).value;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { start: start.slice(0, maxStartChars), response: new Response(whole, { status, statusText, headers }) };
}

/** @param start of a text */
export const isJson = (start: string): boolean => /^[{[]/.test(start);
