import { corpus, measureQuality } from "../../bench/retrieval/quality";
import { questions, unanswerable } from "../../bench/retrieval/questions";

const minRecall = 0.9;
const minNothing = 0.9;

test("questions in six languages find their passages among the first three, and nothing is found for the others", async () => {
  const { recall, first, nothing, faults } = await measureQuality();
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.info(
    [
      `${questions.length} questions over ${corpus.length} documents: ${percent(recall)} in the first three, ${percent(first)} first`,
      `${unanswerable.length} questions without an answer: ${percent(nothing)} found nothing`,
      ...faults,
    ].join("\n"),
  );
  expect({ recall: recall >= minRecall, nothing: nothing >= minNothing }).toEqual({ recall: true, nothing: true });
});
