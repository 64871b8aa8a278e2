import type { Archive } from "./archive";
import { drawingBlocks } from "./drawing";
import type { Passage } from "./passage";
import { pathsOf, relationsOf } from "./relations";
import { sentencesOf } from "./sentences";
import { SheetLimits, SheetPassages } from "./sheet";
import { readWorkbook } from "./workbook";
import { Worksheet } from "./worksheet";
import { parseXml } from "./xml";

/**
 * The rows of an Excel workbook that are shown, each with the name of its sheet, and with the names of its columns if the
 * sheet has a header.
 *
 * @throws {UnreadableError}
 */
export async function* sheetPassages(archive: Archive): AsyncGenerator<Passage> {
  const workbook = await readWorkbook(archive);
  const limits = new SheetLimits();
  for (const { name, path } of workbook.sheets) {
    const sheet = new Worksheet(workbook, limits);
    const passages = new SheetPassages(name);
    for await (const _ of parseXml(archive.chunks(path), sheet)) {
      for (const row of sheet.rows.splice(0)) yield* passages.add(row);
    }
    yield* passages.end();
    for (const drawing of pathsOf(await relationsOf(archive, path), "drawing")) {
      for (const block of await drawingBlocks(archive, drawing)) {
        if (!("paragraph" in block)) continue;
        for (const quote of sentencesOf(block.paragraph)) yield { quote, heading: name };
      }
    }
  }
}
