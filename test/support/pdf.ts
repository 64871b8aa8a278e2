import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A PDF of three pages with a heading and paragraphs of one or two lines, compressed like most real PDFs. */
export const farmPdf = (): Buffer => readFileSync(join(__dirname, "pdfs/farm.pdf"));

/** A hand-written PDF. The objects are numbered from 1, and the first one is the catalog. */
export function rawPdf(objects: readonly (string | Buffer)[], trailer = ""): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n%\u00ff\n")];
  const offsets: number[] = [];
  const length = () => parts.reduce((sum, part) => sum + part.length, 0);
  objects.forEach((object, i) => {
    offsets.push(length());
    parts.push(Buffer.from(`${i + 1} 0 obj\n`), Buffer.from(object), Buffer.from("\nendobj\n"));
  });
  const start = length();
  const entries = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const end = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}trailer << /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF`;
  return Buffer.concat([...parts, Buffer.from(end)]);
}

/** A PDF of one page with this content stream. */
export const pdfWithStream = (stream: Buffer, entries = "", trailer = ""): Buffer =>
  rawPdf(
    [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << >> >>",
      Buffer.concat([
        Buffer.from(`<< /Length ${stream.length} ${entries} >>\nstream\n`),
        stream,
        Buffer.from("\nendstream"),
      ]),
    ],
    trailer,
  );

interface PageParts {
  readonly content: string;
  /** The entries of its resources, such as `/F << ... >>`. */
  readonly fonts: string;
  readonly annotations?: readonly string[];
  /** More entries of the catalog. */
  readonly catalog?: string;
}

/** A PDF of one page with fonts, and with annotations, whose fields belong to its form. */
export function pdfWith({ content, fonts, annotations = [], catalog = "" }: PageParts): Buffer {
  const numbers = annotations.map((_, i) => `${i + 5} 0 R`).join(" ");
  return rawPdf([
    `<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [${numbers}] >> ${catalog} >>`,
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Annots [${numbers}] /Resources << /Font << ${fonts} >> >> >>`,
    `<< /Length ${Buffer.byteLength(content)} >>\nstream\n${content}\nendstream`,
    ...annotations,
  ]);
}
