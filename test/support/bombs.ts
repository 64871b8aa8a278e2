import { constants, deflateRawSync, deflateSync } from "node:zlib";

/** A deflated stream of one repeated letter, between a start and an end. */
export function bomb(megabytes: number, letter = "x", [start, end] = ["", ""]): Buffer {
  const options = { level: 9, finishFlush: constants.Z_FULL_FLUSH };
  const block = deflateRawSync(Buffer.alloc(1_000_000, letter), options);
  const blocks = Array.from({ length: megabytes }, () => block);
  return Buffer.concat([deflateRawSync(start, options), ...blocks, deflateRawSync(end)]);
}

/** A part of XML with a text of megabytes. */
export const xmlBomb = (megabytes: number): Buffer => bomb(megabytes, "x", ["<a>", "</a>"]);

/** The parts of a Word document that name `word/header1.xml` and others. */
export const headerEntries = (headers: number): RawEntry[] => {
  const type = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/header";
  const targets = Array.from(
    { length: headers },
    (_, i) => `<Relationship Id="h${i + 1}" Type="${type}" Target="header${i + 1}.xml"/>`,
  );
  const part = (name: string, text: string) => ({
    name,
    data: deflateRawSync(text),
    declaredSize: Buffer.byteLength(text),
  });
  return [
    typesEntry,
    part("word/document.xml", "<w:document/>"),
    part(
      "word/_rels/document.xml.rels",
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets.join("")}</Relationships>`,
    ),
  ];
};

export interface RawEntry {
  readonly name: string;
  readonly data: Buffer;
  /** The declared size when unpacked, which may be wrong. */
  readonly declaredSize: number;
}

/** A hand-written archive, whose entries may have wrong sizes, share their data and repeat. */
export function rawZip(entries: readonly RawEntry[], repeated = 1): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, declaredSize } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(declaredSize, 22);
    local.writeUInt16LE(name.length, 26);
    parts.push(local, Buffer.from(name), data);
    for (let i = 0; i < repeated; i++) {
      const central = Buffer.alloc(46);
      const own = i === 0 ? name : name.replace("1", String(i + 1));
      central.writeUInt32LE(0x02014b50, 0);
      central.writeUInt16LE(8, 10);
      central.writeUInt32LE(data.length, 20);
      central.writeUInt32LE(declaredSize, 24);
      central.writeUInt16LE(own.length, 28);
      central.writeUInt32LE(offset, 42);
      directory.push(central, Buffer.from(own));
    }
    offset += 30 + name.length + data.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries.length * repeated, 0xffff), 8);
  end.writeUInt16LE(Math.min(entries.length * repeated, 0xffff), 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

const types = Buffer.from(
  `<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
);
export const typesEntry = { name: "[Content_Types].xml", data: deflateRawSync(types), declaredSize: types.length };

/** A long stream of drawing operators in the zlib format that PDF uses. */
export function deflated(megabytes: number): Buffer {
  const block = deflateSync(Buffer.alloc(1_000_000, "0 0 m\n"), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([block, ...Array.from({ length: megabytes - 1 }, () => block.subarray(2))]);
}
