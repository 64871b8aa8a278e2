import { PDFDocument, StandardFonts } from "pdf-lib";

/** A PDF of pages, each of paragraphs; a line break in one is a line break on the page. Latin letters only. */
export async function pdf(pages: readonly (readonly string[])[]): Promise<Buffer> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const paragraphs of pages) {
    const page = document.addPage([600, 800]);
    let y = 750;
    for (const paragraph of paragraphs) {
      page.drawText(paragraph, { x: 50, y, size: 12, lineHeight: 14, font });
      y -= 14 * paragraph.split("\n").length + 20;
    }
  }
  return Buffer.from(await document.save());
}

/** A PDF by hand: objects from 1 on, the first of which is the catalog. */
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

/** A PDF of one page that is drawn by this stream. */
export const pdfDrawnBy = (stream: Buffer, entries = "", trailer = ""): Buffer =>
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
