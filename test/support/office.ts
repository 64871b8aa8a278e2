import { strToU8, zipSync } from "fflate";

/** Parts of a ZIP archive by name. */
export type Parts = Readonly<Record<string, string | Uint8Array>>;

export const zip = (parts: Parts): Buffer =>
  Buffer.from(
    zipSync(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, bytesOf(part)])), {
      level: 6,
    }),
  );

const bytesOf = (part: string | Uint8Array) => (typeof part === "string" ? strToU8(part) : part);

const xml = (body: string) => `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`;
const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const officeType = "application/vnd.openxmlformats-officedocument";

const contentTypes = (main: string, type: string) =>
  xml(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
    <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
    <Default Extension="xml" ContentType="application/xml"/>
    <Override PartName="/${main}" ContentType="${officeType}.${type}.main+xml"/></Types>`);

const relations = (targets: readonly (readonly [type: string, target: string])[]) =>
  xml(
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets
      .map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${office}/${type}" Target="${target}"/>`)
      .join("")}</Relationships>`,
  );

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A Word document. A paragraph that starts with `# ` is a heading, one that starts with `| ` is a table row. */
export function docx(paragraphs: readonly string[], more: Parts = {}): Buffer {
  const run = (text: string) => `<w:r><w:t xml:space="preserve">${escaped(text)}</w:t></w:r>`;
  const paragraph = (text: string, style = "") => `<w:p>${style}${run(text)}</w:p>`;
  const body = paragraphs.map((text) => {
    if (text.startsWith("# ")) return paragraph(text.slice(2), `<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>`);
    if (!text.startsWith("| ")) return paragraph(text);
    const cells = text.slice(2).split(" | ");
    return `<w:tbl><w:tr>${cells.map((cell) => `<w:tc>${paragraph(cell)}</w:tc>`).join("")}</w:tr></w:tbl>`;
  });
  return zip({
    "[Content_Types].xml": contentTypes("word/document.xml", "wordprocessingml.document"),
    "_rels/.rels": relations([["officeDocument", "word/document.xml"]]),
    "word/styles.xml": xml(`<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
      <w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>`),
    "word/_rels/document.xml.rels": relations([["styles", "styles.xml"]]),
    "word/document.xml": xml(
      `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body.join("")}</w:body></w:document>`,
    ),
    ...more,
  });
}

/** A workbook. A Date is written like Excel does, with a style. If `one` is given, every text cell refers to it. */
export function xlsx(
  sheets: Readonly<Record<string, readonly (readonly (string | number | Date)[])[]>>,
  one?: string,
  more: Parts = {},
): Buffer {
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const names = Object.keys(sheets);
  const shared: string[] = [];
  const cell = (value: string | number | Date, at: string) => {
    if (typeof value === "number") return `<c r="${at}"><v>${value}</v></c>`;
    if (value instanceof Date) return `<c r="${at}" s="1"><v>${value.getTime() / 86_400_000 + 25_569}</v></c>`;
    return `<c r="${at}" t="s"><v>${one === undefined ? shared.push(value) - 1 : 0}</v></c>`;
  };
  const sheet = (rows: readonly (readonly (string | number | Date)[])[]) =>
    xml(
      `<worksheet xmlns="${main}"><sheetData>${rows
        .map((row, r) => {
          const cells = row.map((value, c) => cell(value, `${String.fromCharCode(65 + c)}${r + 1}`));
          return `<row r="${r + 1}">${cells.join("")}</row>`;
        })
        .join("")}</sheetData></worksheet>`,
    );
  const pages = Object.fromEntries(
    names.map((name, i) => [`xl/worksheets/sheet${i + 1}.xml`, sheet(sheets[name] ?? [])]),
  );
  return zip({
    "[Content_Types].xml": contentTypes("xl/workbook.xml", "spreadsheetml.sheet"),
    "_rels/.rels": relations([["officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": xml(
      `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${names
        .map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`)
        .join("")}</sheets></workbook>`,
    ),
    "xl/_rels/workbook.xml.rels": relations([
      ...names.map((_, i) => ["worksheet", `worksheets/sheet${i + 1}.xml`] as const),
      ["sharedStrings", "sharedStrings.xml"],
      ["styles", "styles.xml"],
    ]),
    "xl/styles.xml": xml(
      `<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ),
    ...pages,
    "xl/sharedStrings.xml": xml(
      `<sst xmlns="${main}">${one ?? shared.map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`).join("")}</sst>`,
    ),
    ...more,
  });
}

interface TestSlide {
  readonly title?: string;
  readonly paragraphs?: readonly string[];
  readonly table?: readonly (readonly string[])[];
  readonly notes?: string;
}

/** A presentation that names its slides this many times. Their file names are in reverse order of the slides. */
export function pptx(slides: readonly TestSlide[], repeated = 1): Buffer {
  const spaces = `xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="${office}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"`;
  const paragraph = (text: string) => `<a:p><a:r><a:t>${escaped(text)}</a:t></a:r></a:p>`;
  const shape = (text: string, type?: string) =>
    `<p:sp><p:nvSpPr><p:nvPr>${type === undefined ? "" : `<p:ph type="${type}"/>`}</p:nvPr></p:nvSpPr><p:txBody>${text}</p:txBody></p:sp>`;
  const tree = (root: string, shapes: string) =>
    xml(`<p:${root} ${spaces}><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:${root}>`);

  const parts: Record<string, string> = {};
  slides.forEach(({ title, paragraphs = [], table = [], notes }, i) => {
    const number = slides.length - i;
    const rows = table.map((row) => `<a:tr>${row.map((cell) => `<a:tc>${paragraph(cell)}</a:tc>`).join("")}</a:tr>`);
    parts[`ppt/slides/slide${number}.xml`] = tree(
      "sld",
      [
        title === undefined ? "" : shape(paragraph(title), "title"),
        shape(paragraphs.map(paragraph).join("")),
        shape(paragraph(String(i + 1)), "sldNum"),
        // The text after a placeholder is not part of it.
        rows.length === 0
          ? ""
          : `<p:graphicFrame><p:nvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr><a:tbl>${rows.join("")}</a:tbl></p:graphicFrame>`,
      ].join(""),
    );
    if (notes === undefined) return;
    parts[`ppt/notesSlides/notesSlide${number}.xml`] = tree("notes", shape(paragraph(notes), "body"));
    parts[`ppt/slides/_rels/slide${number}.xml.rels`] = relations([
      ["notesSlide", `../notesSlides/notesSlide${number}.xml`],
    ]);
  });
  return zip({
    "[Content_Types].xml": contentTypes("ppt/presentation.xml", "presentationml.presentation"),
    "_rels/.rels": relations([["officeDocument", "ppt/presentation.xml"]]),
    "ppt/presentation.xml": xml(
      `<p:presentation ${spaces}><p:sldIdLst>${slides
        .map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`)
        .join("")
        .repeat(repeated)}</p:sldIdLst></p:presentation>`,
    ),
    "ppt/_rels/presentation.xml.rels": relations(
      slides.map((_, i) => ["slide", `slides/slide${slides.length - i}.xml`] as const),
    ),
    ...parts,
  });
}

/** An OpenDocument text with this body. */
export const odt = (body: string): Buffer =>
  zip({
    mimetype: "application/vnd.oasis.opendocument.text",
    "content.xml": xml(`<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
      xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">
      <office:body><office:text>${body}</office:text></office:body></office:document-content>`),
  });
