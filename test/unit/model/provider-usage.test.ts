import { UsageAccumulator } from "../../../src/model/provider-usage";

/** The usage of a step of 40 bytes of input and 20 bytes of output, if the provider sends these chunks. */
function usageOf(...chunks: object[]) {
  const usage = new UsageAccumulator();
  usage.beginStep();
  usage.acceptedInput(40);
  usage.producedOutput("x".repeat(20));
  for (const chunk of chunks) usage.add(chunk);
  // The AI SDK takes what is left out as 0.
  usage.finish({ inputTokens: 0, outputTokens: 0, totalTokens: 0 });
  const { inputTokens, outputTokens, totalTokens, estimated = false } = usage.total ?? {};
  expect(totalTokens).toBe((inputTokens ?? NaN) + (outputTokens ?? NaN));
  return [inputTokens, outputTokens, estimated];
}
const chat = (usage: object) => ({ usage });
const google = (usageMetadata: object) => ({ usageMetadata });

test.each<[string, object[], [number, number]]>([
  ["input and total", [chat({ prompt_tokens: 7, total_tokens: 12 })], [7, 5]],
  ["input, total and no output", [chat({ prompt_tokens: 7, completion_tokens: null, total_tokens: 12 })], [7, 5]],
  ["input, total and an output of 0", [chat({ prompt_tokens: 7, completion_tokens: 0, total_tokens: 12 })], [7, 5]],
  ["output and total", [chat({ completion_tokens: 5, total_tokens: 12 })], [7, 5]],
  ["output, total and an input of 0", [chat({ prompt_tokens: 0, completion_tokens: 5, total_tokens: 12 })], [7, 5]],
  ["Gemini's input and total", [google({ promptTokenCount: 7, totalTokenCount: 12 })], [7, 5]],
  ["Gemini's output and total", [google({ candidatesTokenCount: 5, totalTokenCount: 12 })], [7, 5]],
  ["Gemini's input and thoughts", [google({ promptTokenCount: 7, thoughtsTokenCount: 5 })], [7, 5]],
  [
    "an input before, and the total at the end",
    [chat({ prompt_tokens: 7 }), chat({ prompt_tokens: 7, total_tokens: 12 })],
    [7, 5],
  ],
  [
    "a total of the input alone, and then the output",
    [
      google({ promptTokenCount: 7, totalTokenCount: 7 }),
      google({ promptTokenCount: 7, candidatesTokenCount: 5, totalTokenCount: 12 }),
    ],
    [7, 5],
  ],
  ["all three", [chat({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 20 })], [7, 5]],
])("the usage of an answer that reports %s is known", (_, chunks, [input, output]) => {
  expect(usageOf(...chunks)).toEqual([input, output, false]);
});

test.each<[string, object[], [number, number]]>([
  ["the input alone", [chat({ prompt_tokens: 7 })], [7, 5]],
  ["an output of 0", [chat({ prompt_tokens: 7, completion_tokens: 0, total_tokens: 7 })], [7, 5]],
  ["the output alone", [chat({ completion_tokens: 4 })], [10, 4]],
  ["the total alone", [chat({ total_tokens: 12 })], [7, 5]],
  ["the total and zeros", [chat({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 12 })], [7, 5]],
  ["zeros", [chat({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })], [10, 5]],
  ["nothing", [], [10, 5]],
])("what an answer that reports %s leaves out is estimated", (_, chunks, [input, output]) => {
  expect(usageOf(...chunks)).toEqual([input, output, true]);
});
