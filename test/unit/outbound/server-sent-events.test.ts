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

test("an event of more than 4 Mi characters ends the stream with an error, and a smaller one does not", async () => {
  const fits = "x".repeat(4 * 1_024 * 1_024);
  expect(await read(`data: ${fits}\n\n`)).toEqual([[fits, false]]);
  await expect(read(`data: ${fits}x\n\n`)).rejects.toThrow(ResponseTooLargeError);
});
