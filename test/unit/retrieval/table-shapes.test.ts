import { detectMediaType, passagesOf } from "../../../src/retrieval/extraction/content";
import type { Passage } from "../../../src/retrieval/extraction/passage";

/** The passages of a file that is a table. */
async function rowsOf(text: string): Promise<Passage[]> {
  const bytes = Buffer.from(text);
  expect(await detectMediaType(bytes, true)).toBe("text/csv");
  const found: Passage[] = [];
  for await (const passage of await passagesOf(bytes, "text/csv")) found.push(passage);
  return found;
}

const searched = async (text: string) => (await rowsOf(text)).map(({ quote, searchText }) => searchText ?? quote);

const named = ["Name: Gadget, Units: 34", "Name: Gizmo, Units: 5"];

test.each([
  ["a declaration of another delimiter", "sep=,\nName;Units\nGadget;34\nGizmo;5\n"],
  ["a declaration in quotation marks", '"sep=;"\nName;Units\nGadget;34\nGizmo;5\n'],
  ["a declaration of a tab by its escape sequence", "sep=\\t\nName\tUnits\nGadget\t34\nGizmo\t5\n"],
  ["carriage returns alone", "Name,Units\rGadget,34\rGizmo,5\r"],
  ["a first column that is empty", ",Name,Units\n,Gadget,34\n,Gizmo,5\n"],
  ["empty lines between its rows", "Name,Units\n\nGadget,34\n\nGizmo,5\n"],
])("a table with %s yields each row with the names of its columns", async (_, text) => {
  expect(await searched(text)).toEqual(named);
});

test.each([
  ["of other columns", "City,Country,Population\nOslo,Norway,1200\n", "City: Oslo, Country: Norway, Population: 1200"],
  ["of as many columns", "City,Country\nOslo,Norway\n", "City: Oslo, Country: Norway"],
])("two tables with an empty line between them have names of their own: %s", async (_, second, row) => {
  expect(await searched(`Name,Units\nGadget,34\nGizmo,5\n\n${second}`)).toEqual([...named, row]);
  expect(await searched(`Name,Units\r\nGadget,34\r\nGizmo,5\r\n\r\n${second}`)).toEqual([...named, row]);
});

test.each([
  ["Name,Region,Units\nGadget,Asia,34\n", "Name: Gadget, Region: Asia, Units: 34"],
  ["Name,Units\nGadget,34\n", "Name: Gadget, Units: 34"],
])("the names of columns are below a title with a comma: %j", async (table, row) => {
  expect(await rowsOf(`Report for Meadow Ltd, Norwich\n${table}`)).toMatchObject([
    { quote: "Report for Meadow Ltd, Norwich" },
    { searchText: row, heading: "Report for Meadow Ltd, Norwich" },
  ]);
});

test.each([
  ["a word that names columns", "Price Ltd,Norwich\nMeadow Ltd,Oslo\n"],
  ["a cell of such a word among others", "City tour,Ada,red\nMarsh walk,Bob,blue\n"],
])("a row of texts with %s is no header", async (_, text) => {
  expect(await searched(text)).toEqual(text.trim().split("\n"));
});

test("empty lines without end are split in linear time", async () => {
  expect(await searched(`Name,Units\nGadget,34\nGizmo,5\n${"\n".repeat(1_000_000)}`)).toEqual(named);
});
