import fc from "fast-check";
import { serialize } from "../../../src/api/graphql/serialization";

const maxBytes = 10_000_000;

test("a result is serialized as JSON.stringify does", async () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date({ noInvalidDate: true }),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("tree")), fc.dictionary(fc.string(), tie("tree"))),
  }));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), tree), async (data) => {
      expect((await serialize({ data }, maxBytes))?.toString()).toBe(JSON.stringify({ data }));
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["ASCII", "a"],
  ["escapes", '"\n\u0001'],
  ["pairs of surrogates", "😀"],
  ["a pair behind a character", "x😀"],
])("a long text of %s is serialized in pieces", async (_name, unit) => {
  const data = { text: unit.repeat(200_001) };
  expect((await serialize({ data }, maxBytes))?.toString()).toBe(JSON.stringify({ data }));
});

test("nothing is returned beyond the maximum, which counts bytes", async () => {
  const data = { text: "ü".repeat(100) };
  const { length } = Buffer.from(JSON.stringify({ data }));
  expect(await serialize({ data }, length)).toBeDefined();
  expect(await serialize({ data }, length - 1)).toBeUndefined();
});
