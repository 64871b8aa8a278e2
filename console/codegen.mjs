// Writes `operations.generated.ts` into each folder of src with operations (`*.graphql`): their types, and their texts.
// One file a folder, as one for all would be loaded with the first screen. Fragments of src/parts are everybody's.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { Kind, parse, visit } from "graphql";

const source = join(import.meta.dirname, "src");
const schema = parse(readFileSync(join(import.meta.dirname, "../schema.graphql"), "utf8"));

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => {
    const location = join(source, name);
    return { location, folder: dirname(location), document: parse(readFileSync(location, "utf8")) };
  });
const definitions = files.flatMap(({ document }) => document.definitions);
const shared = files
  .filter(({ folder }) => folder === join(source, "parts"))
  .flatMap(({ document }) => document.definitions)
  .filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);

/** The fragments of src/parts that definitions spread, and those that these spread. */
function sharedBy(used, found = new Set()) {
  for (const definition of used)
    visit(definition, {
      FragmentSpread({ name: { value } }) {
        const fragment = shared.find(({ name }) => name.value === value);
        if (!fragment || found.has(fragment)) return;
        found.add(fragment);
        sharedBy([fragment], found);
      },
    });
  return found;
}

const names = definitions.map(({ name }) => name?.value);
const twice = names.find((name, index) => name === undefined || names.indexOf(name) !== index);
if (names.length > 0 && new Set(names).size !== names.length)
  throw new Error(`Each operation and fragment needs a name of its own: ${twice ?? "one has none"}.`);

for (const folder of new Set(files.map((file) => file.folder))) {
  const own = files.filter((file) => file.folder === folder).flatMap(({ document }) => document.definitions);
  const document = { kind: Kind.DOCUMENT, definitions: [...new Set([...own, ...sharedBy(own)])] };
  const filename = join(folder, "operations.generated.ts");
  const text = await codegen({
    filename,
    schema,
    documents: [{ location: folder, document }],
    config: {
      documentMode: "string",
      strictScalars: true,
      useTypeImports: true,
      enumType: "string-literal",
      scalars: { DateTime: "string", JSONObject: "Record<string, unknown>", SafeInt: "number", Upload: "File" },
    },
    plugins: [{ typescriptOperations: {} }, { typedDocumentNode: {} }],
    pluginMap: { typescriptOperations, typedDocumentNode },
  });
  // A file that has not changed keeps its time, so that nothing is built because of it.
  if (!existsSync(filename) || readFileSync(filename, "utf8") !== text) writeFileSync(filename, text);
}
