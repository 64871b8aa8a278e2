import { ReasoningTags } from "../../../src/model/reasoning-tags";

/** The reasoning and the text that is left, of a text that arrives in parts of this size. */
function separated(whole: string, partChars: number): { reasoning: string; text: string } {
  const tags = new ReasoningTags();
  let [reasoning, text] = ["", ""];
  const parts = whole.match(new RegExp(`[^]{1,${partChars}}`, "g")) ?? [];
  for (const piece of [...parts.flatMap((part) => [...tags.next(part)]), ...tags.end()]) {
    if (piece.kind === "retraction") text = "";
    else if (piece.kind === "reasoning") reasoning += piece.text;
    else text += piece.text;
  }
  return { reasoning, text };
}

test.each<[string, string, string]>([
  ["The barn is red.", "", "The barn is red."],
  ["\n The barn.", "", "\n The barn."],
  ["<think>Hm.</think>The barn.", "Hm.", "The barn."],
  ["\n<think>\nHm. </Think>\n\nThe barn.\n", "\nHm. ", "The barn.\n"],
  ["<think></think>The barn.", "", "The barn."],
  ["<think>a < b </ think> </thin</think>x", "a < b </ think> </thin", "x"],
  ["<think>Hm.", "Hm.", ""],
  ["<think>Hm.</think>", "Hm.", ""],
  ["<think>a</think> <think>b</think> c", "ab", "c"],
  ["<think>a</think>b</think>c", "a", "b</think>c"],
  ["<thinking>İ.</thinking>İ", "İ.", "İ"],
  ["[THINK]Hm.[/THINK]x", "Hm.", "x"],
  ["[1] says so.", "", "[1] says so."],
  ["<", "", "<"],
  ["<thin", "", "<thin"],
  ["<table></table>", "", "<table></table>"],
  ["Hm.</think>\n\nThe barn.", "", "The barn."],
  ["İm.\n</THINK>\nThe barn.", "", "The barn."],
  ["Use `</think>` to end it.", "", "Use `</think>` to end it."],
  ["```\n</think>\n```\nDone.", "", "```\n</think>\n```\nDone."],
  ["The tags <think> and </think> mark it.", "", "The tags <think> and </think> mark it."],
])("the reasoning is separated from %j however it is split", (whole, reasoning, text) => {
  for (const size of [1, 2, 3, 7, 100]) expect(separated(whole, size)).toEqual({ reasoning, text });
});

test("a long beginning of white space is passed on, so that it is not searched again and again", () => {
  const [blank, answer] = [" ".repeat(2_000), "The barn."];
  expect(separated(blank + answer, 1)).toEqual({ reasoning: "", text: blank + answer });
});
