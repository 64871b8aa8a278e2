/** A body may begin with white space of at most this length. */
const maxLeadingBytes = 16_384;

/**
 * Reads the beginning of a response, since the content type of some servers is wrong.
 *
 * @returns the first character that is not white space, and the same response, unread
 */
export async function startOf(response: Response): Promise<{ readonly first: string; readonly response: Response }> {
  const { body, status, statusText, headers } = response;
  if (!body) return { first: "", response };
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let start = "";
  for (let bytes = 0; start === "" && bytes < maxLeadingBytes;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || !value) break;
    chunks.push(value);
    bytes += value.length;
    start = new TextDecoder().decode(value.subarray(0, maxLeadingBytes)).trimStart();
  }
  const whole = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift() ?? ((await reader.read()) as { value?: Uint8Array }).value;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { first: start.slice(0, 1), response: new Response(whole, { status, statusText, headers }) };
}
