import { askDocument, caseFile } from "../../support/ask-document";
import { docx, odt, pptx, xlsx, zip } from "../../support/office";
import { useServer } from "../../support/server";

const server = useServer();

const word = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`;
const relations = (...targets: readonly (readonly [type: string, target: string])[]) =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets
    .map(
      ([type, target], i) =>
        `<Relationship Id='part${i}' Target='${target}' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}'/>`,
    )
    .join("")}</Relationships>`;
const paragraph = (text: string) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`;
const wordBody = (body: string, more = {}) =>
  docx([], { "word/document.xml": `<w:document ${word}><w:body>${body}</w:body></w:document>`, ...more });

const chart = `<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"
  xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Farm output</a:t></a:r></a:p></c:rich></c:tx></c:title>
  <c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>Units</c:v></c:pt></c:strCache></c:strRef></c:tx>
  <c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>Widget</c:v></c:pt><c:pt idx="1"><c:v>Gadget</c:v></c:pt></c:strCache></c:strRef></c:cat>
  <c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>12</c:v></c:pt><c:pt idx="1"><c:v>34</c:v></c:pt></c:numCache></c:numRef></c:val>
  </c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`;
const diagram = `<x:dataModel xmlns:x="http://schemas.openxmlformats.org/drawingml/2006/diagram" xmlns:y="http://schemas.openxmlformats.org/drawingml/2006/main"><x:ptLst>
  <x:pt><x:t><y:p><y:r><y:t>Harvest the turnips</y:t></y:r></y:p></x:t></x:pt></x:ptLst></x:dataModel>`;
const drawings = `<w:p><w:r><w:drawing><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="part0"/></w:drawing></w:r></w:p>
  <w:p><w:r><w:drawing><d:relIds xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="part1"/></w:drawing></w:r></w:p>`;
const withDrawings = wordBody(drawings, {
  "word/_rels/document.xml.rels": relations(["chart", "charts/chart1.xml"], ["diagramData", "diagrams/data1.xml"]),
  "word/charts/chart1.xml": chart,
  "word/diagrams/data1.xml": diagram,
});

const notes = wordBody(
  `<w:p><w:r><w:t>The barn</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t> is red.</w:t></w:r></w:p>`,
  {
    "word/_rels/document.xml.rels": relations(
      ["footnotes", "footnotes.xml"],
      ["footer", "footer1.xml"],
      ["footer", "footer2.xml"],
    ),
    "word/footnotes.xml": `<w:footnotes ${word}><w:footnote w:type="separator" w:id="0">${paragraph("line")}</w:footnote><w:footnote w:id="2">${paragraph("Built in 1890.")}</w:footnote></w:footnotes>`,
    "word/footer1.xml": `<w:ftr ${word}>${paragraph("Meadow Ltd, registered in Norwich")}</w:ftr>`,
    "word/footer2.xml": `<w:ftr ${word}>${paragraph("Meadow Ltd, registered in Norwich")}</w:ftr>`,
  },
);

const hiddenText = wordBody(
  `<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>The vault code is 1234.</w:t></w:r><w:r><w:t>The barn is red.</w:t></w:r></w:p>
   <w:p><w:del><w:r><w:delText>The barn is green.</w:delText></w:r></w:del></w:p>`,
);

const textBox =
  wordBody(`<w:p><w:r><m:AlternateContent xmlns:m="http://schemas.openxmlformats.org/markup-compatibility/2006">
  <m:Choice Requires="wps"><w:txbxContent>${paragraph("The gate is blue.")}</w:txbxContent></m:Choice>
  <m:Fallback><w:pict><w:txbxContent>${paragraph("The gate is blue.")}</w:txbxContent></w:pict></m:Fallback>
  </m:AlternateContent></w:r></w:p>`);

const table =
  wordBody(`<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc>${paragraph("Name")}</w:tc><w:tc>${paragraph("Units")}</w:tc></w:tr>
  <w:tr><w:tc>${paragraph("Gadget")}</w:tc><w:tc>${paragraph("34")}</w:tc></w:tr></w:tbl>`);

const cellOf = (text: string) => `<w:tc>${paragraph(text)}</w:tc>`;
const unmarkedTable = wordBody(`<w:tbl><w:tr>${["Name", "Units"].map(cellOf).join("")}</w:tr>
  <w:tr>${["Gadget", "34"].map(cellOf).join("")}</w:tr><w:tr>${["Widget", "12"].map(cellOf).join("")}</w:tr></w:tbl>`);

const otherTypes = {
  "[Content_Types].xml": `<t:Types xmlns:t='http://schemas.openxmlformats.org/package/2006/content-types'><t:Override PartName='/word/document.xml' ContentType='application/vnd.ms-word.template.macroEnabledTemplate.main+xml'/></t:Types>`,
};

const ods = (body: string) =>
  zip({
    mimetype: "application/vnd.oasis.opendocument.spreadsheet",
    "content.xml": `<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:s="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
      xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">
      <o:automatic-styles><s:style s:name="ta2" s:family="table"><s:table-properties table:display="false"/></s:style></o:automatic-styles>
      <o:body><o:spreadsheet>${body}</o:spreadsheet></o:body></o:document-content>`,
  });
const odsCell = (text: string, attributes = "") =>
  `<table:table-cell ${attributes}><text:p>${text}</text:p></table:table-cell>`;
const odsRow = (...cells: readonly string[]) => `<table:table-row>${cells.join("")}</table:table-row>`;
const sheets = ods(`<table:table table:name="Stock">${odsRow(odsCell("Name"), odsCell("Since"), odsCell("Opens"))}
  ${odsRow(odsCell("Gadget"), odsCell("14.03.24", `o:value-type="date" o:date-value="2024-03-14"`), odsCell("18:00", `o:value-type="time" o:time-value="PT18H00M00S"`))}
  <table:table-row table:visibility="collapse">${odsCell("Secretgadget")}${odsCell("x")}</table:table-row></table:table>
  <table:table table:name="Hidden" table:style-name="ta2">${odsRow(odsCell("Salary of boss"), odsCell("9"))}</table:table>`);

const odp = zip({
  mimetype: "application/vnd.oasis.opendocument.presentation",
  "content.xml": `<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
    xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:pr="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"><o:body><o:presentation>
    <draw:page draw:name="1"><draw:frame pr:class="title"><draw:text-box><text:p>Farm</text:p></draw:text-box></draw:frame>
    <draw:frame><draw:text-box><text:p>The barn is red.</text:p></draw:text-box></draw:frame></draw:page></o:presentation></o:body></o:document-content>`,
});

test.each<[name: string, content: () => Buffer, question: string, answer: string]>([
  ["a document that includes a page", () => caseFile("altchunk.docx"), "What colour is the barn?", "The barn is red."],
  ["a formula", () => caseFile("formula.docx"), "energy joule", "The energy is E=mcc^2 in joule."],
  [
    "the header of a page",
    () => caseFile("header.docx"),
    "What is the contract number?",
    "Contract number 4711-Z of Meadow Ltd",
  ],
  ["the footer of a page", () => notes, "Where is Meadow Ltd registered?", "Meadow Ltd, registered in Norwich"],
  ["a footnote", () => notes, "When was it built?", "Built in 1890."],
  ["text with the mark of a footnote", () => notes, "What colour is the barn?", "The barn is red."],
  ["a text box with a second version for old programs", () => textBox, "gate", "The gate is blue."],
  ["a chart", () => withDrawings, "How many units of Gadget?", "Gadget Units 34"],
  ["the title of a chart", () => withDrawings, "output", "Farm output"],
  ["a diagram", () => withDrawings, "turnips", "Harvest the turnips"],
  ["a table with the names of its columns", () => table, "How many units of Gadget?", "Gadget 34"],
  ["a table whose first row names its columns", () => unmarkedTable, "How many units of Gadget?", "Gadget 34"],
  ["a part in UTF-16", () => caseFile("utf-16-part.docx"), "What colour is the barn?", "The barn is red."],
  ["a padded archive", () => caseFile("trailing-bytes.docx"), "What colour is the barn?", "The barn is red."],
  [
    "a template with macros, in single quotes",
    () => docx(["The barn is red."], otherTypes),
    "barn",
    "The barn is red.",
  ],
  ["slides with other prefixes", () => caseFile("other-prefix.pptx"), "What colour is the barn?", "The barn is red."],
  ["a show", () => caseFile("show.ppsx"), "What colour is the barn?", "The barn is red."],
  ["a text with a footnote", () => caseFile("footnote.odt"), "barn", "The barn is red."],
  ["the header of a text", () => caseFile("header.odt"), "contract number", "Contract number 4711-Z"],
  ["slides of OpenDocument", () => odp, "What colour is the barn?", "The barn is red."],
  [
    "a workbook with a chart for a sheet",
    () => caseFile("chartsheet.xlsx"),
    "units of Gadget",
    "Name: Gadget, Units: 34",
  ],
  ["cells without addresses", () => caseFile("no-cell-refs.xlsx"), "units of Gadget", "Name: Gadget, Units: 34"],
  ["a workbook with macros", () => caseFile("macro-free.xlsm"), "units of Gadget", "Name: Gadget, Units: 34"],
  [
    "a sheet with a title",
    () => caseFile("title-row.xlsx"),
    "units of Gadget",
    "Name: Gadget, Region: Asia, Units: 34",
  ],
  [
    "a column without a name",
    () => caseFile("blank-header-cell.xlsx"),
    "units of Gadget",
    "Name: Gadget, B: Asia, Units: 34",
  ],
  ["names with their values", () => caseFile("key-value.xlsx"), "What is the colour?", "Colour\tred"],
  ["a date with a time", () => caseFile("sas-datetime.xlsx"), "Ann", "Name: Ann, At: 2024-03-14 18:00"],
  ["a time", () => caseFile("times.xlsx"), "start", "What: start, Value: 18:00"],
  ["a duration", () => caseFile("times.xlsx"), "duration", "What: duration, Value: 36:00"],
  ["a number with leading zeros", () => caseFile("times.xlsx"), "zip", "What: zip, Value: 02134"],
  ["a share", () => caseFile("times.xlsx"), "share", "What: share, Value: 15.7%"],
  ["a sum that is not exact", () => caseFile("times.xlsx"), "sum", "What: sum, Value: 0.3"],
  ["a spreadsheet of OpenDocument", () => sheets, "Gadget", "Name: Gadget, Since: 2024-03-14, Opens: 18:00"],
])("%s is read as it is shown", async (_, content, question, answer) => {
  const asked = await askDocument(server.current, content(), question);
  expect(asked.document).toMatchObject({ status: "READY", error: null });
  expect(asked.answers[0]).toContain(answer);
});

test.each([
  ["sheets and rows of a workbook", caseFile("hidden.xlsx"), ["salary of boss", "Hiddenrow", "pin of vault"], "Widget"],
  ["sheets and rows of OpenDocument", sheets, ["salary", "Secretgadget"], "Gadget"],
  ["hidden and deleted text", hiddenText, ["vault code", "green"], "barn"],
])("%s that are hidden are left out", async (_, content, hidden, shown) => {
  const { document, answers } = await askDocument(server.current, content, ...hidden, shown);
  expect(document.status).toBe("READY");
  for (const answer of answers.slice(0, -1)) expect(answer).not.toMatch(/salary|90000|Secret|Hiddenrow|vault|green/i);
  expect(answers.at(-1)).toContain(shown);
});

test.each([
  ["a web page in Windows-1252", "part.html", `<meta charset="windows-1252"><p>The caf\xe9 opens at nine.</p>`],
  ["a text in Windows-1252", "part.txt", "The caf\xe9 opens at nine."],
])("a part of a Word document that is %s is read", async (_, name, text) => {
  const content = wordBody(`<w:altChunk r:id="part0"/>`, {
    "word/_rels/document.xml.rels": relations(["aFChunk", name]),
    [`word/${name}`]: Buffer.from(text, "latin1"),
  });
  const { answers } = await askDocument(server.current, content, "When does the café open?");
  expect(answers[0]).toContain("The café opens at nine.");
});

const encryptedSlides = zip({
  mimetype: "application/vnd.oasis.opendocument.presentation",
  "META-INF/manifest.xml": `<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>`,
  "content.xml": Buffer.alloc(100, 7),
});

test.each([
  ["an encrypted Word document", caseFile("encrypted.docx"), "It is encrypted. Upload it without a password."],
  ["an encrypted OpenDocument text", caseFile("encrypted.odt"), "It is encrypted. Upload it without a password."],
  ["an encrypted OpenDocument presentation", encryptedSlides, "It is encrypted. Upload it without a password."],
  ["a Word document that was cut off", caseFile("truncated.docx"), "It is damaged; its text cannot be extracted."],
  [
    "a workbook that was cut off",
    xlsx({ A: [["x"]] }).subarray(0, 700),
    "It is damaged; its text cannot be extracted.",
  ],
  ["a Word document of pictures", caseFile("image-only.docx"), "It has no text."],
  ["a presentation without text", pptx([{}]), "It has no text."],
  ["an empty workbook", xlsx({ A: [] }), "It has no text."],
  ["an empty OpenDocument text", odt(""), "It has no text."],
  [
    "a Word document that includes one in an old format",
    wordBody(`<w:altChunk r:id="part0"/>`, {
      "word/_rels/document.xml.rels": relations(["aFChunk", "part.rtf"]),
      "word/part.rtf": "{\\rtf1 The barn is red.}",
    }),
    "A part of it is in another format (.rtf). Open it in Word and save it again.",
  ],
])("%s is FAILED, and its error says why", async (_, content, error) => {
  const { document } = await askDocument(server.current, content);
  expect(document).toMatchObject({ status: "FAILED", error });
});
