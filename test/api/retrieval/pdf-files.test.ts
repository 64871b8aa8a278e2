import { askDocument, caseFile } from "../../support/ask-document";
import { pdfWith, rawPdf } from "../../support/pdf";
import { useServer } from "../../support/server";

const server = useServer();

const font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
const text = (x: number, y: number, shown: string, size = 12) =>
  `BT /F ${size} Tf 1 0 0 1 ${x} ${y} Tm (${shown}) Tj ET\n`;
/** A page with this content in Helvetica. */
const page = (content: string, annotations: readonly string[] = [], catalog = "") =>
  pdfWith({ content, fonts: `/F ${font}`, annotations, catalog });

const field = (entries: string) =>
  `<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /Rect [150 690 350 710] /T (a) ${entries} >>`;

/** A font whose glyphs have numbers but no letters, as some programs embed them. */
const unmapped = pdfWith({
  content: "BT /F 12 Tf 72 700 Td <0003000400050006000700080003> Tj ET",
  fonts: `/F << /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Barn /Encoding /Identity-H /DescendantFonts [
    << /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Barn /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>
       /FontDescriptor << /Type /FontDescriptor /FontName /ABCDEF+Barn /Flags 4 >> >>] >>`,
});

const chineseFont = `/F << /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /GBK-EUC-H /DescendantFonts [
  << /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >>
     /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 >> >>] >>`;

const xfaForm = (template: string) =>
  rawPdf([
    "<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] /DR << /Font << >> >> /XFA 5 0 R >> >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F ${font} >> >> >>`,
    streamOf(
      text(72, 700, "Please wait... If this message is not eventually replaced, your viewer may not be able to."),
    ),
    streamOf(template),
  ]);
const streamOf = (content: string) => `<< /Length ${Buffer.byteLength(content)} >>\nstream\n${content}\nendstream`;
const xfaTemplate = `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.3/">
  <subform name="form" layout="tb" locale="en_US"><pageSet><pageArea><contentArea x="10mm" y="10mm" w="190mm" h="270mm"/><medium stock="a4" short="210mm" long="297mm"/></pageArea></pageSet>
  <field name="first" w="100mm" h="10mm"><caption><value><text>First name</text></value></caption><ui><textEdit/></ui><value><text>Lucinda</text></value></field>
  </subform></template></xdp:xdp>`;

test.each<[name: string, content: () => Buffer, question: string, answer: string]>([
  ["Japanese in a font that is not embedded", () => caseFile("cjk-jp.pdf"), "納屋", "納屋は赤い。"],
  ["Japanese beside English", () => caseFile("cjk-mixed.pdf"), "納屋", "納屋は赤い。"],
  ["English beside Japanese", () => caseFile("cjk-mixed.pdf"), "barn", "Invoice 4711 for the barn."],
  [
    "Chinese in a font that is not embedded",
    () => pdfWith({ content: "BT /F 12 Tf 72 700 Td <B9C8B2D6CAC7BAECC9ABB5C4> Tj ET", fonts: chineseFont }),
    "谷仓",
    "谷仓是红色的",
  ],
  ["the value of a field", () => caseFile("form.pdf"), "What is the first name?", "First name:\tLucinda"],
  ["the choice of a field", () => caseFile("form.pdf"), "Norway", "Country:\tNorway"],
  [
    "a field without a label on its line",
    () => page(text(72, 500, "Application"), [field("/V (Lucinda\\rMeadow Lane)")]),
    "Meadow",
    "Lucinda\nMeadow Lane",
  ],
  ["a note on a page", () => caseFile("freetext.pdf"), "Lucinda", "Approved by Lucinda"],
  ["parts that are drawn on their own", () => caseFile("forms-xobject.pdf"), "paint", "Barn paint"],
  [
    "columns of a table, whose rows are apart",
    () => page(text(72, 700, "Widget") + text(300, 700, "12 EUR") + text(72, 686, "Gadget") + text(300, 686, "34 EUR")),
    "How much is the Gadget?",
    "Gadget\t34 EUR",
  ],
  ["a word that is split at the end of a line", () => caseFile("hyphen.pdf"), "warehouse", "warehouse"],
  ["a word that is split between lines", () => caseFile("hyphen.pdf"), "district", "district."],
  [
    "a compound that is split at its hyphen",
    () => page(text(72, 700, "The well-known barn, and the well-") + text(72, 686, "known mill.")),
    "mill",
    "The well-known barn, and the well-known mill.",
  ],
  [
    "the number of a footnote apart from its word",
    () => page(text(72, 700, "The barn") + text(118.7, 705, "1", 6) + text(123, 700, "is red.")),
    "barn",
    "The barn 1 is red.",
  ],
  [
    "the header of a page",
    () => page(text(72, 780, "Contract 4711-Z") + text(72, 700, "The barn is red.")),
    "contract",
    "Contract 4711-Z",
  ],
  [
    "text that is turned",
    () =>
      page(
        "BT /F 12 Tf 0 1 -1 0 300 100 Tm (The barn is red.) Tj ET\nBT /F 12 Tf 0 1 -1 0 314 100 Tm (It is old.) Tj ET",
      ),
    "barn",
    "The barn is red.",
  ],
  ["the values of a form in XFA", () => xfaForm(xfaTemplate), "first name", "First name Lucinda"],
])("a PDF is read with %s", async (_, content, question, answer) => {
  const { document, answers } = await askDocument(server.current, content(), question);
  expect(document).toMatchObject({ mimeType: "application/pdf", status: "READY", error: null });
  expect(answers[0]).toContain(answer);
});

const twice = (x: number, word: string) => text(x, 700, word) + text(x + 0.4, 700, word);
const boldWords = (x: number) => text(x, 700, "The bold") + text(x + 50, 700, "barn") + text(x, 680, "Red paint");
test.each([
  ["line by line", text(72, 700, "The bold barn") + text(72.3, 700, "The bold barn"), "The bold barn"],
  ["word by word", twice(72, "The") + twice(96, "old") + twice(116, "barn"), "The old barn"],
  ["page by page", boldWords(72) + boldWords(72.4), "The bold barn"],
])("what a PDF draws twice, %s, to be bold is read once", async (_, content, read) => {
  const { answers } = await askDocument(server.current, page(content), "barn");
  expect(answers[0]?.match(/barn/g)).toHaveLength(1);
  expect(answers[0]).toContain(read);
});

test("passwords and hidden fields of a form are left out", async () => {
  const content = page(text(72, 500, "The barn is red."), [
    field("/V (Sesame) /Ff 8192"),
    field("/V (Abracadabra)").replace("/F 4", "/F 2"),
  ]);
  const { answers } = await askDocument(server.current, content, "Sesame", "Abracadabra");
  expect(answers.join()).not.toMatch(/Sesame|Abracadabra/);
});

test.each([
  [
    "whose fonts do not say what they show",
    unmapped,
    "Its fonts do not say which letters they show. Upload a version with recognized text (OCR).",
  ],
  ["of an empty form", page("", [field("")]), "It has no text: the fields of its form are empty."],
  [
    "of a form in XFA that can't be read",
    xfaForm("<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'>"),
    "It is a form in XFA, which can't be read. Open it in Adobe Acrobat, and print it into a PDF.",
  ],
  [
    "without text",
    page("0 0 m 10 10 l S"),
    "It has no text, as is usual for scans. Upload a version with recognized text (OCR).",
  ],
])("a PDF %s is FAILED, and its error says so", async (_, content, error) => {
  const { document } = await askDocument(server.current, content);
  expect(document).toMatchObject({ status: "FAILED", error });
});
