import { maxQuoteChars, type Passage } from "../../../src/retrieval/extraction/passage";
import { markdownPassages, plainPassages } from "../../../src/retrieval/extraction/prose";
import { sentencesOf } from "../../../src/retrieval/extraction/sentences";
import { tableOf } from "../../../src/retrieval/extraction/table";
import { jsonLinePassages, logPassages } from "../../../src/retrieval/extraction/lines";
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
      { quote: "| blue | 50 |", searchText: "room: blue, price: 50", heading: "Farm › Barn" },
      { quote: "| green | 60 |", searchText: "room: green, price: 60", heading: "Farm › Barn" },
      ...["After the table.", "# no heading\nnpm start"].map(under("Farm › Barn")),
      { quote: "Lonely" },
    ]);
  });
});

describe("underlined headings", () => {
  test("count as headings, and lines that separate do not", () => {
    const text = "Barn\n====\n\nIt is red.\n\nRoof\n--\nIt leaks.\n\n---\n\nText.\n- item\n---\n";
    expect([...markdownPassages(text)]).toMatchObject([
      { quote: "It is red.", heading: "Barn" },
      { quote: "It leaks.", heading: "Barn › Roof" },
      { quote: "Text.", heading: "Barn › Roof" },
      { heading: "Barn › Roof" },
    ]);
  });

  test("are not made of the settings at the beginning of a text", () => {
    expect([...markdownPassages("---\ntitle: Barn\ndate: today\n---\nText.\n")]).toEqual([
      { quote: "title: Barn" },
      { quote: "date: today" },
      { quote: "Text." },
    ]);
  });
});

describe("separated values", () => {
  test("yield a passage per row, verbatim, with the names of its columns as search text", () => {
    const table = tableOf('name,phone\nAda,"12, ext 3"\n\nBob,\n', true);
    expect([...rowPassages(table ?? { header: [], rows: [] })]).toEqual([
      { quote: 'Ada,"12, ext 3"', searchText: "name: Ada, phone: 12, ext 3" },
      { quote: "Bob,", searchText: "name: Bob" },
    ]);
  });

  test.each([
    ["prose with commas", "Dear Ada, thank you.\nYours, Bob.\n"],
    ["a single line", "a,b,c"],
  ])("are not detected in %s", (_, text) => {
    expect(tableOf(text, true)).toBeUndefined();
  });
});

describe("tables", () => {
  const rowsOf = (text: string) => {
    const table = tableOf(text, true);
    return table && [...rowPassages(table)].map(({ quote, searchText }) => searchText ?? `verbatim ${quote}`);
  };

  test.each([
    [
      "titles above it",
      "Report\nBy Ann\n\nName,Units\nA,1\nB,2\n",
      ["verbatim Report", "verbatim By Ann", "Name: A, Units: 1", "Name: B, Units: 2"],
    ],
    [
      "a title with delimiters",
      "Report,,\n,,\nName,Region,Units\nA,Asia,1\n",
      ["verbatim Report", "Name: A, Region: Asia, Units: 1"],
    ],
    ["a column without a name", "Name,,Units\nA,x,1\nB,y,2\n", ["Name: A, x, Units: 1", "Name: B, y, Units: 2"]],
    ["two columns of one name", "a,a\n1,2\n3,4\n", ["a: 1, a: 2", "a: 3, a: 4"]],
    ["years as names", "Product,2023,2024\nA,12,34\n", ["Product: A, 2023: 12, 2024: 34"]],
    ["decimal commas", "Name;Preis\nA;1,50\nB;2,30\n", ["Name: A, Preis: 1,50", "Name: B, Preis: 2,30"]],
    [
      "a quotation that does not end",
      'Name,Units\nA,"1\nB,2\nC,"3"\n',
      ['Name: A, Units: "1', "Name: B, Units: 2", "Name: C, Units: 3"],
    ],
    [
      "quotation marks within cells",
      'Name,Size\nA,5" long\nB,"6"" wide"\n',
      ['Name: A, Size: 5" long', 'Name: B, Size: 6" wide'],
    ],
    [
      "rows that are too short or too long",
      "Name,Units\nA,1\nB\nC,2\nD,3,4,5\nE,6\nF,7\n",
      [
        "Name: A, Units: 1",
        "Name: B",
        "Name: C, Units: 2",
        "Name: D, Units: 3, 4, 5",
        "Name: E, Units: 6",
        "Name: F, Units: 7",
      ],
    ],
    ["names in Japanese", "氏名,電話\n田中,03-1234\n", ["氏名: 田中, 電話: 03-1234"]],
    [
      "numbers below a name alone",
      "Fruit,Kilos\nApple,3\nPear,4\n",
      ["Fruit: Apple, Kilos: 3", "Fruit: Pear, Kilos: 4"],
    ],
  ])("with %s yield each row with the names of its columns", (_, text, expected) => {
    expect(rowsOf(text)).toEqual(expected);
  });

  test.each([
    ["numbers", "1,Widget,12\n2,Gadget,34\n"],
    ["texts", "Ada,Oslo\nBob,Rome\nCid,Lima\n"],
    ["dates", "2026-01-01,Widget\n2026-01-02,Gadget\n"],
    ["mail addresses", "ada@example.org,Ada\nbob@example.org,Bob\n"],
    ["empty cells at the ends", "Widget;12;\nGadget;34;\n"],
  ])("that begin with a row of %s have no header", (_, text) => {
    expect(rowsOf(text)).toEqual(
      text
        .trim()
        .split("\n")
        .map((row) => `verbatim ${row}`),
    );
  });

  test("of properties and values yield each with its name", () => {
    expect(rowsOf('Colour,red\nHeight,12 m\nAddress,"Hill 1, Oslo"\n')).toEqual([
      "Colour: red",
      "Height: 12 m",
      "Address: Hill 1, Oslo",
    ]);
  });

  test("are parsed in linear time, whatever their quotation marks", () => {
    for (const line of ['"', 'a,"', '"",""x', '"a""'])
      expect(tableOf(`a,b\n${`${line}\n`.repeat(50_000)}`, true)?.rows.length ?? 0).toBeGreaterThanOrEqual(0);
  });
});

describe("logs and settings", () => {
  test("yield an entry for each line, with the lines that continue it", () => {
    const text = "2026-01-01 10:00:00 ERROR a\n  at b\n2026-01-01 10:00:01 INFO c\n2026-01-01 10:00:02 INFO d\n";
    expect(quotes(logPassages(text))).toEqual([
      "2026-01-01 10:00:00 ERROR a\n  at b",
      "2026-01-01 10:00:01 INFO c",
      "2026-01-01 10:00:02 INFO d",
    ]);
  });

  test("of JSON yield a passage for each line, with escaped characters as text", () => {
    expect([...jsonLinePassages('{"a": 1}\n{"b": "x\\ny"}\nnot JSON\n')]).toEqual([
      { quote: '{"a": 1}' },
      { quote: '{"b": "x\\ny"}', searchText: "b: x\ny" },
      { quote: "not JSON" },
    ]);
  });

  test("of names and values, and lists, yield a passage for each line", () => {
    expect(quotes(plainPassages("host = db1\nport = 5433\n\nBuy:\n- milk\n- bread\n"))).toEqual([
      "host = db1",
      "port = 5433",
      "Buy:",
      "- milk",
      "- bread",
    ]);
  });
});

describe("JSON", () => {
  test("yields a passage per leaf, verbatim, with its path as search text and its siblings as heading", () => {
    const json =
      '{ "staff": [ {"name": "Ada", "room": 4, "none": null}, {"name": "Bob"} ], "open": true, "tags": ["a"] }';
    expect([...leafPassages(json)]).toEqual([
      { quote: '"name": "Ada"', searchText: "staff.0.name: Ada", heading: "4" },
      { quote: '"room": 4', searchText: "staff.0.room: 4", heading: "Ada" },
      { quote: '"name": "Bob"', searchText: "staff.1.name: Bob" },
      { quote: '"a"', searchText: "tags.0: a" },
      { quote: '"open": true', searchText: "open: true" },
    ]);
  });

  test.each(["9007199254740993", "12345678901234567890", "1.10", "1E400", "-0", "0.1000"])(
    "keeps each digit of the number %s",
    (number) => {
      expect([...leafPassages(`{"n":${number},"list":[${number}]}`)].map(({ searchText }) => searchText)).toEqual([
        `list.0: ${number}`,
        `n: ${number}`,
      ]);
    },
  );

  test("splits a long string into its sentences", () => {
    const text = `${"It is long. ".repeat(100)}The barn is red.`;
    const found = [...leafPassages(JSON.stringify({ story: text }))];
    expect(found.at(-1)).toEqual({ quote: "The barn is red.", heading: "story" });
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
      { quote: "Blue 50", searchText: "Room: Blue, Price: 50", heading: "Hours & prices" },
    ]);
  });

  test.each([
    ["<dl><dt>Colour</dt><dd>red</dd><dt>Height</dt><dd>12 m</dd></dl>", ["Colour red", "Height 12 m"]],
    ["<dl><div><dt>Colour</dt><dd>red</dd><dd>blue</dd></div></dl>", ["Colour red", "Colour blue"]],
    ["<select><option>Red barn<option>Blue barn</select>", ["Red barn", "Blue barn"]],
    ["<div>Colour red</div><div>Height 12 m</div>", ["Colour red", "Height 12 m"]],
    ["<table><tr><td><p>One.</p><ul><li>Two</li></ul></td><td>Three</td></tr></table>", ["One.", "Two", "Three"]],
    ["<p>a<figure><figcaption>b</figcaption></figure><details><summary>c</summary>d</details>", ["a", "b", "c", "d"]],
    ["<p hidden>a</p><template>b</template><script>c</script><style>d</style><p>e</p>", ["e"]],
  ])("yields the parts of %s apart from each other", (html, expected) => {
    expect(quotes(markdownPassages(readableText(html)))).toEqual(expected);
  });

  test("yields rows with the names of their columns, also if cells span several", () => {
    const html = `<table><thead><tr><td>Region</td><td>Product</td><td>Units</td></tr></thead>
      <tr><td rowspan="2">Asia</td><td>Gadget</td><td>34</td></tr><tr><td>Widget</td><td>12</td></tr>
      <tr><td colspan="2">Sum</td><td>46</td></tr></table>`;
    expect([...markdownPassages(readableText(html))].map(({ searchText }) => searchText)).toEqual([
      "Region: Asia, Product: Gadget, Units: 34",
      "Region: Asia, Product: Widget, Units: 12",
      "Region: Sum, Units: 46",
    ]);
  });
});
