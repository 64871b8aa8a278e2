import type { Archive } from "./archive";
import type { Passage } from "./passage";
import { isHeader } from "./table";
import { damaged } from "./unreadable-error";
import { rowPassages } from "./records";

/**
 * The rows of an XLSX, each with the name of its sheet, and with the names of its columns if the first row is a header.
 *
 * @throws {UnreadableError}
 */
export async function* sheetPassages(archive: Archive): AsyncGenerator<Passage> {
  const { default: readSheets } = await import("read-excel-file/universal");
  const { buffer, byteOffset, byteLength } = await archive.repacked();
  const content = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  const sheets = await readSheets(content).catch(damaged);
  for (const { sheet, data } of sheets) {
    const rows = data
      .map((row) => row.map(textOf))
      .filter((row) => row.some((cell) => cell !== ""))
      .map((cells) => ({ cells, raw: cells.join("\t").trim() }));
    const [first, ...others] = rows;
    const header = first && others.length > 0 && isHeader(first.cells) ? first.cells : undefined;
    for (const passage of rowPassages({ header: header ?? [], rows: header ? others : rows })) {
      yield { ...passage, heading: sheet };
    }
  }
}

/** Dates are written in ISO 8601, without a time if it is midnight. */
function textOf(cell: unknown): string {
  if (cell instanceof Date) {
    return Number.isNaN(cell.getTime()) ? "" : cell.toISOString().replace(/T00:00:00\.000Z$/, "");
  }
  return typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean" ? String(cell).trim() : "";
}
