import { textTypeOf } from "../../../src/retrieval/extraction/media-type";
import { markdownPassages } from "../../../src/retrieval/extraction/prose";
import { readableText } from "../../../src/retrieval/extraction/web-page";

/** The text that is searched for each passage. */
const searched = (markdown: string) =>
  [...markdownPassages(markdown)].map(({ quote, searchText }) => searchText ?? quote);

const row = (cell: string, ...texts: readonly string[]) =>
  `<tr>${texts.map((text) => `<${cell}>${text}</${cell}>`).join("")}</tr>`;
const table = (...rows: readonly string[]) => `<table>${rows.join("")}</table>`;

test.each([
  ["alone in a table", table(row("th", "The barn", "is red")), ["The barn is red"]],
  [
    "above a paragraph",
    `${table(row("th", "The barn", "is red"))}<p>It is old.</p>`,
    ["The barn is red", "It is old."],
  ],
  [
    "above another table",
    table(row("th", "The barn", "is red")) + table(row("th", "Name", "Units"), row("td", "Gadget", "34")),
    ["The barn is red", "Name: Gadget, Units: 34"],
  ],
  [
    "above other headers",
    table(row("th", "Colour", "red"), row("th", "Height", "12 m")),
    ["Colour red", "Height 12 m"],
  ],
])("a header row of HTML without rows, %s, is a passage", (_, html, expected) => {
  expect(searched(readableText(html))).toEqual(expected);
});

test("a header row without rows is under its heading", () => {
  const html = `<h1>Farm</h1>${table(row("th", "The barn", "is red"))}<h1>Mill</h1>`;
  expect([...markdownPassages(readableText(html))]).toEqual([
    { quote: "The barn is red", heading: "Farm" },
    { quote: "Mill" },
  ]);
});

test("the names of a column in several header rows are joined", () => {
  const html = `<table><thead><tr><th rowspan="2">Region</th><th colspan="2">Sales</th></tr>
    <tr><th>2023</th><th>2024</th></tr></thead>${row("td", "Asia", "1", "2")}</table>`;
  expect(searched(readableText(html))).toEqual(["Region Sales", "Region: Asia, Sales 2023: 1, Sales 2024: 2"]);
});

test("a header of a group of rows does not replace the names of the columns", () => {
  const html = table(row("th", "Name", "Units"), row("th", "Fruit", ""), row("td", "Apple", "3"));
  expect(searched(readableText(html))).toEqual(["Name: Fruit", "Name: Apple, Units: 3"]);
});

test.each([
  ["the end", ""],
  ["a paragraph", "\nIt is old.\n"],
  ["a heading", "# Mill\n"],
  ["another table", "\n| Name | Units |\n|---|---|\n| Gadget | 34 |\n"],
])("a table of Markdown with a header alone is a passage, above %s", (_, rest) => {
  expect(searched(`| The barn | is red |\n|---|---|\n${rest}`)[0]).toBe("| The barn | is red |");
});

test.each([
  ["of two signs", "Colours\n==\n"],
  ["of one sign", "Colours\r\n=\r\n"],
  ["of two dashes", "Colours\n--\n"],
  ["that is indented", "  Colours\n  ===\n"],
])("a line under a heading %s makes a text Markdown", async (_, heading) => {
  const text = `${heading}\nThe barn is red.\n`;
  expect(await textTypeOf(text, true)).toBe("text/markdown");
  expect([...markdownPassages(text)]).toEqual([{ quote: "The barn is red.", heading: "Colours" }]);
});

test("a heading of two lines is underlined too", async () => {
  const text = "The colours\nof the barn\n===\n\nIt is red.\n";
  expect(await textTypeOf(text, true)).toBe("text/markdown");
  expect([...markdownPassages(text)]).toEqual([{ quote: "It is red.", heading: "The colours of the barn" }]);
});
