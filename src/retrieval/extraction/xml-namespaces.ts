/** The usual prefixes of the namespaces of Office Open XML, in their transitional and strict forms, and of OpenDocument. */
const namespaces: Readonly<Record<string, readonly string[]>> = {
  // Names without a prefix, of parts that have a single vocabulary.
  "": [
    "http://schemas.openxmlformats.org/package/2006/relationships",
    "http://schemas.openxmlformats.org/package/2006/content-types",
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    // Of versions before the standard.
    "http://schemas.microsoft.com/office/excel/2006/2",
  ],
  w: [
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
  ],
  p: ["http://schemas.openxmlformats.org/presentationml/2006/main", "http://purl.oclc.org/ooxml/presentationml/main"],
  a: ["http://schemas.openxmlformats.org/drawingml/2006/main", "http://purl.oclc.org/ooxml/drawingml/main"],
  c: ["http://schemas.openxmlformats.org/drawingml/2006/chart", "http://purl.oclc.org/ooxml/drawingml/chart"],
  dgm: ["http://schemas.openxmlformats.org/drawingml/2006/diagram", "http://purl.oclc.org/ooxml/drawingml/diagram"],
  m: ["http://schemas.openxmlformats.org/officeDocument/2006/math", "http://purl.oclc.org/ooxml/officeDocument/math"],
  r: [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
  ],
  mc: ["http://schemas.openxmlformats.org/markup-compatibility/2006"],
  math: ["http://www.w3.org/1998/Math/MathML"],
  xlink: ["http://www.w3.org/1999/xlink"],
  office: ["urn:oasis:names:tc:opendocument:xmlns:office:1.0"],
  text: ["urn:oasis:names:tc:opendocument:xmlns:text:1.0"],
  table: ["urn:oasis:names:tc:opendocument:xmlns:table:1.0"],
  draw: ["urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"],
  style: ["urn:oasis:names:tc:opendocument:xmlns:style:1.0"],
  presentation: ["urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"],
  manifest: ["urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"],
};

const prefixes = new Map(Object.entries(namespaces).flatMap(([prefix, uris]) => uris.map((uri) => [uri, prefix])));

/** @returns undefined for a namespace that is not known */
export const prefixOf = (uri: string): string | undefined => prefixes.get(uri);
