/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** The offsets of the code in the document. */
  readonly start: number;
  readonly end: number;
  /** The block directly below a block of commands that shows what the commands print. */
  readonly output: CodeBlock | undefined;
}

/** The blocks of code of a document, without those that show output. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const found = [...markdown.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(
    ({ 0: whole, 1: language = "", 2: code = "", index }) => {
      const start = index + whole.indexOf("\n") + 1;
      return { language, code, line: markdown.slice(0, index).split("\n").length, start, end: start + code.length };
    },
  );
  const outputs = new Set<object>();
  const blocks = found.map((block, position) => {
    const next = found[position + 1];
    const isOutput = next?.language === "text" && markdown.slice(block.end + 3, next.start).trim() === "```text";
    if (block.language !== "sh" || !isOutput) return { ...block, output: undefined };
    outputs.add(next);
    return { ...block, output: { ...next, output: undefined } };
  });
  return blocks.filter((_, position) => !outputs.has(found[position] ?? {}));
}

/** A document without its blocks of code, which hold no links and no headings. */
const prose = (markdown: string): string =>
  markdown.replaceAll(/^```.*\n[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ""));

/** The targets of all links and pictures of a document. */
export const linksOf = (markdown: string): string[] =>
  [...prose(markdown).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);

/** The anchors that GitHub gives to the headings of a document. */
export const anchorsOf = (markdown: string): string[] =>
  [...prose(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
