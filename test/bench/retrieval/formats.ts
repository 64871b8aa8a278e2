import { rawPdf } from "../../support/pdf";

export interface CorpusDocument {
  /** Its name, whose ending is that of its format. */
  readonly id: string;
  readonly content: string | Buffer;
}

/** A PDF with these lines on its pages. */
export function pdf(pages: readonly (readonly string[])[]): Buffer {
  const firstPage = 4;
  const kids = pages.map((_, i) => `${firstPage + 2 * i} 0 R`).join(" ");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  for (const [i, lines] of pages.entries()) {
    const escaped = lines.map((line) => line.replace(/[()\\]/g, String.raw`\$&`));
    const stream = `BT /F1 12 Tf 50 750 Td ${escaped.map((line) => `(${line}) Tj 0 -30 Td`).join(" ")} ET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents ${firstPage + 2 * i + 1} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    );
  }
  return rawPdf(objects);
}

/** A mail as programs send it, with its text in Base64. */
export const mail = (subject: string, text: string): Buffer =>
  Buffer.from(
    [
      "From: =?utf-8?Q?B=C3=BCro?= <office@example.com>",
      "To: customer@example.org",
      `Subject: =?utf-8?B?${Buffer.from(subject).toString("base64")}?=`,
      "Date: Mon, 02 Mar 2026 09:30:00 +0000",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
      "",
      ...(Buffer.from(text)
        .toString("base64")
        .match(/.{1,76}/g) ?? []),
      "",
    ].join("\r\n"),
  );
