import { DocumentCache } from "../../../src/api/graphql/document-cache";
import { parseDocument } from "../../../src/api/graphql/document-parser";
import { badInput } from "../../../src/errors";

const parsed = (text: string) => ({ document: parseDocument(text, {}), errors: [] });
const fill = (count: number, textOf: (index: number) => string): DocumentCache => {
  const cache = new DocumentCache();
  for (let i = 0; i < count; i++) cache.set(textOf(i), parsed(textOf(i)));
  return cache;
};

test("a document is kept as it was parsed", () => {
  const cache = new DocumentCache();
  const document = parsed("{ viewer { kind } }");
  cache.set("{ viewer { kind } }", document);
  expect(cache.get("{ viewer { kind } }")).toBe(document);
  expect(cache.get("{ viewer { kind  } }")).toBeUndefined();
});

test.each<[name: string, count: number, textOf: (index: number) => string]>([
  ["texts", 800, (i) => `#${i}${"c".repeat(15_000)}\n{ a }`],
  ["nodes", 40, (i) => `{ a${i} ${"b ".repeat(1_900)} }`],
  ["comments", 60, (i) => `${"#\n".repeat(900)} { a${i} }`],
])("documents with many %s are kept up to a number of bytes", (_name, count, textOf) => {
  const cache = fill(count, textOf);
  expect(cache.bytes).toBeLessThanOrEqual(20_000_000);
  expect(cache.bytes).toBeGreaterThan(18_000_000);
  expect(cache.size).toBeLessThan(count);
});

test("short documents are kept up to a number", () => {
  expect(fill(2_000, (i) => `{ a${i} }`).size).toBe(1_000);
});

test("neither a long document nor an invalid one is kept", () => {
  const cache = new DocumentCache();
  const long = `#${"c".repeat(20_000)}\n{ a }`;
  cache.set(long, parsed(long));
  cache.set("{ a }", { ...parsed("{ a }"), errors: [badInput({ field: "a", message: "is unknown" })] });
  expect(cache.size).toBe(0);
});
