import { limitMessages } from "../../../src/model/tools/message-limit";

/** Whether messages pass, sent in chunks of this many bytes. */
async function passes(text: string, isEventStream = false, chunkBytes = 1_000): Promise<boolean> {
  const bytes = Buffer.from(text);
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunkBytes) controller.enqueue(bytes.subarray(at, at + chunkBytes));
      controller.close();
    },
  });
  const passed: Uint8Array[] = [];
  try {
    for await (const chunk of source.pipeThrough(limitMessages(isEventStream))) passed.push(chunk);
  } catch (error) {
    expect(error).toMatchObject({ name: "ResponseTooLargeError" });
    return false;
  }
  expect(Buffer.concat(passed).equals(bytes)).toBe(true);
  return true;
}

const tool = { name: "a", description: 'He said: "[1,2,3]" \\', inputSchema: { type: "object", required: ["a", "b"] } };
const message = (count: number) => ({
  jsonrpc: "2.0",
  id: 1,
  result: { tools: Array.from({ length: count }, () => tool) },
});
const content = (count: number) => ({ result: { content: Array.from({ length: count }, () => 1) } });

test("a list of 4,900 tools passes, in a message and in an event", async () => {
  expect(await passes(JSON.stringify(message(4_900)))).toBe(true);
  expect(await passes(`event: message\ndata: ${JSON.stringify(message(4_900))}\n\n`, true)).toBe(true);
});

test.each([1, 7])("texts are told from lists whatever the chunks: %s bytes", async (chunkBytes) => {
  const text = JSON.stringify({ result: { content: [{ type: "text", text: '"[1,2],\\",'.repeat(600) }] } });
  expect(await passes(text, false, chunkBytes)).toBe(true);
});

test("longer lists of tools and of contents do not pass, in a message, a batch, or an event", async () => {
  for (const long of [message(5_100), content(5_100)]) {
    expect(await passes(JSON.stringify(long))).toBe(false);
    expect(await passes(JSON.stringify(long, null, 2))).toBe(false);
    expect(await passes(JSON.stringify([long]))).toBe(false);
    expect(await passes(`data: ${JSON.stringify(long)}\n\n`, true)).toBe(false);
    // A reader of events could take these for a quote or a list.
    expect(await passes(`: "\n: [[[[\ndata: ${JSON.stringify(long)}\n\n`, true)).toBe(false);
  }
});

test("deep and wide values do not pass", async () => {
  expect(await passes(`{"result":{"x":{"y":[${"{},".repeat(200_000)}{}]}}}`)).toBe(false);
  expect(await passes("[".repeat(200_001))).toBe(false);
});

test("a text with many commas and brackets passes", async () => {
  expect(
    await passes(JSON.stringify({ result: { content: [{ type: "text", text: "[1,2,{}],".repeat(100_000) }] } })),
  ).toBe(true);
});
