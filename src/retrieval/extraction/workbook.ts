import type { Archive } from "./archive";
import { type NumberFormat, numberFormat } from "./number-format";
import { mainPartOf, pathsOf, relationsOf } from "./relations";
import { cellText, maxSheets, tooManySheets } from "./sheet-row";
import { isOn, readXml } from "./xml";

export interface CellStyle {
  readonly format: NumberFormat;
  readonly isBold: boolean;
}

export interface Workbook {
  /** The sheets that are shown and have rows, which charts have not. */
  readonly sheets: readonly { readonly name: string; readonly path: string }[];
  readonly strings: readonly string[];
  readonly styles: readonly CellStyle[];
}

export async function readWorkbook(archive: Archive): Promise<Workbook> {
  const main = await mainPartOf(archive, "xl/workbook.xml");
  const relations = await relationsOf(archive, main);
  const listed: { readonly name: string; readonly id: string; readonly isShown: boolean }[] = [];
  let is1904 = false;
  await readXml(archive.chunks(main), {
    open(name, attributes) {
      if (name === "workbookPr") is1904 = attributes["date1904"] !== undefined && isOn(attributes["date1904"]);
      if (name !== "sheet") return;
      const { name: title = "", state = "visible" } = attributes;
      listed.push({ name: title, id: attributes["r:id"] ?? "", isShown: state === "visible" });
      if (listed.length > maxSheets) throw tooManySheets();
    },
  });
  const sheets = listed.flatMap(({ name, id, isShown }) => {
    const part = relations.get(id);
    return isShown && part?.type === "worksheet" ? [{ name, path: part.path }] : [];
  });
  const [strings, styles] = [pathsOf(relations, "sharedStrings")[0], pathsOf(relations, "styles")[0]];
  return {
    sheets,
    strings: strings === undefined ? [] : await sharedStrings(archive, strings),
    styles: styles === undefined ? [] : await cellStyles(archive, styles, is1904),
  };
}

async function sharedStrings(archive: Archive, path: string): Promise<string[]> {
  const strings: string[] = [];
  let text = "";
  let isText = false;
  let isPronunciation = false;
  await readXml(archive.chunks(path), {
    open(name) {
      if (name === "si") text = "";
      else if (name === "rPh") isPronunciation = true;
      else if (name === "t") isText = !isPronunciation;
    },
    text(added) {
      if (isText) text += added;
    },
    close(name) {
      if (name === "t") isText = false;
      else if (name === "rPh") isPronunciation = false;
      else if (name === "si") strings.push(cellText(text));
    },
  });
  return strings;
}

async function cellStyles(archive: Archive, path: string, is1904: boolean): Promise<CellStyle[]> {
  const codes = new Map<number, string>();
  const fonts: { isBold: boolean }[] = [];
  const formats = new Map<number, NumberFormat>();
  const styles: CellStyle[] = [];
  const open: string[] = [];
  const formatOf = (id: number) => {
    const format = formats.get(id) ?? numberFormat(id, codes.get(id), is1904);
    formats.set(id, format);
    return format;
  };
  await readXml(archive.chunks(path), {
    open(name, attributes) {
      const parent = open.at(-1);
      open.push(name);
      if (name === "numFmt" && parent === "numFmts") {
        codes.set(Number(attributes["numFmtId"]), attributes["formatCode"] ?? "");
      } else if (name === "font" && parent === "fonts") fonts.push({ isBold: false });
      else if (name === "b" && parent === "font")
        Object.assign(fonts.at(-1) ?? {}, { isBold: isOn(attributes["val"]) });
      else if (name === "xf" && parent === "cellXfs") {
        const isBold = fonts[Number(attributes["fontId"] ?? 0)]?.isBold ?? false;
        styles.push({ format: formatOf(Number(attributes["numFmtId"] ?? 0)), isBold });
      }
    },
    close() {
      open.pop();
    },
  });
  return styles;
}
