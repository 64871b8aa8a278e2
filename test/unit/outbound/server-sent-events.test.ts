import { eventsOf } from "../../../src/platform/outbound/server-sent-events";
import { ResponseTooLargeError } from "../../../src/platform/outbound/response-limit";

async function read(...chunks: readonly string[]): Promise<unknown[]> {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
  const events: unknown[] = [];
  for await (const { data, isLast } of eventsOf(body)) events.push([data, isLast]);
  return events;
}

test("the last event of a stream may lack its blank line and its line break", async () => {
  expect(await read("data: 1\n\nda", "ta: 2")).toEqual([
    ["1", false],
    ["2", true],
  ]);
});

const maxChars = 4 * 1_024 * 1_024;
const chunksOf = (text: string) => text.match(/.{1,65536}/gs) ?? [];

test("an event of 4 Mi characters is read", async () => {
  const data = "x".repeat(maxChars - "data: ".length);
  expect(await read(...chunksOf(`data: ${data}\n\n`))).toEqual([[data, false]]);
});

test.each([
  ["a line that does not end", `data: ${"x".repeat(maxChars)}`],
  ["lines of an event that does not end", `data: ${"x".repeat(1_000)}\n`.repeat(maxChars / 1_000 + 1)],
  ["an event that ends later", `data: ${"x".repeat(2 * maxChars)}\n\n`],
])("a stream with %s ends with an error before it takes more than 4 Mi characters", async (_, text) => {
  await expect(read(...chunksOf(text))).rejects.toThrow(ResponseTooLargeError);
});
