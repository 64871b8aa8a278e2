import { Archive } from "../../../src/retrieval/extraction/archive";
import type { Block } from "../../../src/retrieval/extraction/blocks";
import { SheetPassages } from "../../../src/retrieval/extraction/sheet";
import { openSheetPassages } from "../../../src/retrieval/extraction/open-spreadsheet";
import { TableBlocks } from "../../../src/retrieval/extraction/table-blocks";
import { zip } from "../../support/office";

type Rows = readonly (readonly (string | number)[])[];

/** The text that is searched for each row of a sheet. */
function sheet(rows: Rows, isFirstBold = false): string[] {
  const passages = new SheetPassages("Sheet");
  const cellOf = (value: string | number, isBold: boolean) =>
    value === "" ? undefined : { text: String(value), isText: typeof value === "string", isBold };
  const added = rows.flatMap((row, i) => [...passages.add(row.map((value) => cellOf(value, isFirstBold && i === 0)))]);
  return [...added, ...passages.end()].map(({ quote, searchText }) => searchText ?? quote);
}

/** The rows of a table of a text. */
function blocks(rows: Rows): Block[] {
  const found: Block[] = [];
  const tables = new TableBlocks(found);
  tables.openTable();
  for (const row of rows) {
    tables.openRow();
    for (const cell of row) {
      tables.openCell();
      tables.addParagraph(String(cell));
    }
  }
  tables.closeTable();
  return found;
}

const people = [
  ["Ada", "Smith", "London"],
  ["Bob", "Jones", "Paris"],
];
const properties = [
  ["Colour", "red"],
  ["Height", "12 m"],
  ["Weight", "30 kg"],
];

test.each<[name: string, rows: Rows]>([
  ["people", people],
  ["properties", properties],
  [
    "properties with a unit",
    [
      ["Colour", "red"],
      ["Height", 12, "m"],
    ],
  ],
  [
    "two properties of several kinds",
    [
      ["Town", "Oslo"],
      ["Population", 1200],
    ],
  ],
  [
    "names with a word that names columns",
    [
      ["Price Ltd", "Norwich"],
      ["Meadow Ltd", "Oslo"],
    ],
  ],
])("a sheet of %s has no header, and keeps its first row", (_, rows) => {
  expect(sheet(rows)).toEqual(rows.map((row) => row.join("\t")));
});

const long = "The kind of the product as it is written on its label, without spaces";

test.each<[name: string, rows: Rows, expected: readonly string[]]>([
  [
    "of which two are the same",
    [
      ["Name", "Units", "Units"],
      ["Gadget", 3, 4],
    ],
    ["Name: Gadget, Units: 3, Units: 4"],
  ],
  [
    "below a title in two cells",
    [
      ["Stock list", "2024"],
      ["Name", "Units"],
      ["Gadget", 3],
    ],
    ["Stock list\t2024", "Name: Gadget, Units: 3"],
  ],
  [
    "below a title with fewer cells",
    [
      ["Stock", "2024"],
      ["Name", "Region", "Units"],
      ["Gadget", "Asia", 3],
    ],
    ["Stock\t2024", "Name: Gadget, Region: Asia, Units: 3"],
  ],
  [
    "of which one is long",
    [
      ["Name", long, "Units"],
      ["Gadget", "x", 3],
    ],
    [`Name: Gadget, ${long}: x, Units: 3`],
  ],
  [
    "that are dates",
    [
      ["Name", "2024-01-01", "2024-02-01"],
      ["Gadget", 3, 4],
    ],
    ["Name: Gadget, 2024-01-01: 3, 2024-02-01: 4"],
  ],
  [
    "to the right of empty columns",
    [
      ["", "", "", "Fruit", "Kilos"],
      ["", "", "", "Apple", 3],
      ["", "", "", "Pear", 4],
    ],
    ["Fruit: Apple, Kilos: 3", "Fruit: Pear, Kilos: 4"],
  ],
])("a sheet has the names of its columns %s", (_, rows, expected) => {
  expect(sheet(rows)).toEqual(expected);
});

test("a row of a sheet that alone is bold is a header, whatever it holds", () => {
  expect(sheet(people, true)).toEqual(["Ada: Bob, Smith: Jones, London: Paris"]);
});

test("a table of properties in a text has no header", () => {
  expect(blocks(properties)).toEqual(properties.map((row) => ({ paragraph: row.join(" ") })));
});

test("a header of a table in a text that is not marked as one is a paragraph too", () => {
  const fruit = [
    ["Fruit", "Kilos"],
    ["Apple", "3"],
    ["Pear", "4"],
  ];
  expect(blocks(fruit)).toEqual([
    { paragraph: "Fruit Kilos" },
    { paragraph: "Apple 3", columns: "Fruit Kilos" },
    { paragraph: "Pear 4", columns: "Fruit Kilos" },
  ]);
});

test.each([
  ["a line break", `<t:p>red<t:line-break/>now</t:p>`, "red now"],
  ["a tab", `<t:p>red<t:tab/>now</t:p>`, "red now"],
])("%s in a cell of OpenDocument separates words", async (_, content, expected) => {
  expect(await openCell("", content)).toBe(expected);
});

test.each([
  ["a number", `o:value-type="float" o:value="12.5"`, "12.5"],
  ["a text", `o:value-type="string" o:string-value="red"`, "red"],
  ["a truth value", `o:value-type="boolean" o:boolean-value="true"`, "true"],
])("%s that a cell of OpenDocument has as its value alone is read", async (_, attributes, expected) => {
  expect(await openCell(attributes, "")).toBe(expected);
});

async function openCell(attributes: string, content: string): Promise<string | undefined> {
  const uri = (name: string) => `urn:oasis:names:tc:opendocument:xmlns:${name}:1.0`;
  const file = zip({
    mimetype: "application/vnd.oasis.opendocument.spreadsheet",
    "content.xml": `<o:document-content xmlns:o="${uri("office")}" xmlns:t="${uri("text")}" xmlns:table="${uri("table")}"><o:body>
      <o:spreadsheet><table:table table:name="A"><table:table-row><table:table-cell ${attributes}>${content}</table:table-cell>
      </table:table-row></table:table></o:spreadsheet></o:body></o:document-content>`,
  });
  const archive = await Archive.open(file);
  if (!archive) throw new Error("it is no archive");
  for await (const { quote } of openSheetPassages(archive)) return quote;
  return undefined;
}
