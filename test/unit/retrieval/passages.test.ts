import { maxQuoteChars, type Passage } from "../../../src/retrieval/extraction/passage";
import { markdownPassages, plainPassages } from "../../../src/retrieval/extraction/prose";
import { sentencesOf } from "../../../src/retrieval/extraction/sentences";
import { tableOf } from "../../../src/retrieval/extraction/table";
import { leafPassages, rowPassages } from "../../../src/retrieval/extraction/records";
import { readableText } from "../../../src/retrieval/extraction/web-page";

const quotes = (passages: Iterable<Passage>) => [...passages].map(({ quote }) => quote);

describe("plain text", () => {
  test("is split into sentences, which end at empty lines but not at line breaks", () => {
    const text = "The barn is red. It stands\non a hill!\r\n\r\nIs it old? No\n\nIt is\n";
    expect(quotes(plainPassages(text))).toEqual([
      "The barn is red.",
      "It stands\non a hill!",
      "Is it old?",
      "No",
      "It is",
    ]);
  });

  test("is not split at the dot of an abbreviation or a number", () => {
    expect([...sentencesOf("Dr. Smith paid 3.50 Euro, e.g. Monday. J. R. Ewing, see p. 3, did not.")]).toEqual([
      "Dr. Smith paid 3.50 Euro, e.g. Monday.",
      "J. R. Ewing, see p. 3, did not.",
    ]);
  });

  test("is split in languages without spaces", () => {
    expect([...sentencesOf("納屋は赤いです。丘の上にあります。")]).toEqual(["納屋は赤いです。", "丘の上にあります。"]);
  });

  test.each([
    ["words", "word ".repeat(5_000)],
    ["letters without a space", "x".repeat(5_000)],
    ["surrogate pairs", "🐴".repeat(5_000)],
  ])("without sentence ends is split into chunks that lose nothing: %s", (_, text) => {
    const parts = [...sentencesOf(text)];
    expect(parts.every(({ length }) => length <= maxQuoteChars)).toBe(true);
    expect(parts.every((part) => part.isWellFormed())).toBe(true);
    if (/\p{L}/u.test(text)) expect(parts.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
  });

  test("of megabytes in one paragraph is split in linear time", () => {
    const sentence = "The barn is red and stands on a hill. ";
    const count = (times: number) => [...sentencesOf(sentence.repeat(times))].length;
    // In quadratic time this would take minutes and exceed the timeout of the test.
    expect(count(50_000)).toBeGreaterThanOrEqual(50_000);
  });
});

describe("Markdown", () => {
  test("is split by list items, table rows and code blocks, under its headings", () => {
    const text = [
      "# Farm",
      "",
      "It is old.",
      "## Barn ##",
      "- red",
      "- on a *hill*",
      "  by the river",
      "1. first",
      "> said once",
      "",
      "| room | price |",
      "|---|---|",
      "| blue | 50 |",
      "| green | 60 |",
      "",
      "After the table.",
      "```sh",
      "# no heading",
      "npm start",
      "```",
      "# Lonely",
    ].join("\n");
    const under = (heading: string) => (quote: string) => ({ quote, heading });
    expect([...markdownPassages(text)]).toEqual([
      under("Farm")("It is old."),
      ...["red", "on a *hill*\n  by the river", "first", "said once"].map(under("Farm › Barn")),
      ...["| blue | 50 |", "| green | 60 |"].map(under("Farm › Barn › | room | price |")),
      ...["After the table.", "# no heading\nnpm start"].map(under("Farm › Barn")),
      { quote: "Lonely" },
    ]);
  });
});

describe("separated values", () => {
  test("yield a passage per row, verbatim, with the names of its columns as search text", () => {
    const table = tableOf('name,phone\nAda,"12, ext 3"\n\nBob,\n');
    expect([...rowPassages(table ?? { header: [], rows: [] })]).toEqual([
      { quote: 'Ada,"12, ext 3"', searchText: "name: Ada, phone: 12, ext 3" },
      { quote: "Bob,", searchText: "name: Bob" },
    ]);
  });

  test.each([
    ["prose with commas", "Dear Ada, thank you.\nYours, Bob.\n"],
    ["lines of different lengths", "a,b\n1,2\n1,2,3\n"],
    ["a single line", "a,b,c"],
    ["two columns of one name", "a,a\n1,2\n"],
  ])("are not detected in %s", (_, text) => {
    expect(tableOf(text)).toBeUndefined();
  });
});

describe("JSON", () => {
  test("yields a passage per leaf, verbatim, with its path as search text and its siblings as heading", () => {
    const json =
      '{ "staff": [ {"name": "Ada", "room": 4, "none": null}, {"name": "Bob"} ], "open": true, "tags": ["a"] }';
    expect([...leafPassages(json)]).toEqual([
      { quote: '"name": "Ada"', searchText: "staff.0.name: Ada", heading: "Ada 4" },
      { quote: '"room": 4', searchText: "staff.0.room: 4", heading: "Ada 4" },
      { quote: '"name": "Bob"', searchText: "staff.1.name: Bob", heading: "Bob" },
      { quote: '"a"', searchText: "tags.0: a", heading: "a" },
      { quote: '"open": true', searchText: "open: true", heading: "true" },
    ]);
  });

  test("splits a long string into its sentences", () => {
    const text = `${"It is long. ".repeat(100)}The barn is red.`;
    const found = [...leafPassages(JSON.stringify({ story: text }))];
    expect(found.at(-1)).toEqual({ quote: 'The barn is red."', heading: "story" });
  });
});

describe("HTML", () => {
  test("yields the visible text, under its headings and table headers", () => {
    const html = `<!doctype html><head><title>Farm</title><style>p { color: red }</style></head><body>
      <h2>Hours &amp; prices</h2><p>We open at <b>nine</b>.<br>We close at <a href="/five">five</a>.</p>
      <script>alert(1)</script><ul><li>Sunday: closed</li></ul>
      <table><tr><th>Room</th><th>Price</th></tr><tr><td>Blue</td><td>50</td></tr></table></body>`;
    expect([...markdownPassages(readableText(html))]).toEqual([
      { quote: "We open at nine.", heading: "Hours & prices" },
      { quote: "We close at five.", heading: "Hours & prices" },
      { quote: "Sunday: closed", heading: "Hours & prices" },
      { quote: "Blue 50", heading: "Hours & prices › Room Price" },
    ]);
  });
});
