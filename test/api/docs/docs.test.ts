import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse, validate } from "graphql";
import { allowHosts } from "../../support/allowed-hosts";
import { renderConfigurationTable } from "../../../src/cli/configuration-table";
import { createSchema } from "../../../src/api/graphql/schema";
import { readConfig } from "../../../src/config";
import { conflictReasons, credentialReasons, delegationReasons, statusOf } from "../../../src/errors";
import { access } from "../../support/access-table";
import { warmReader } from "../../support/documents";
import { useFolder } from "../../support/folder";
import { freePort } from "../../support/free-port";
import { anchorsOf, type CodeBlock, codeBlocks, linksOf } from "../../support/markdown";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { useServer } from "../../support/server";
import { blocksInShell } from "../../support/shell";

/** With UPDATE_DOCS=1 the blocks of output are rewritten with what the commands print. */
const updates = Boolean(process.env["UPDATE_DOCS"]);

const documents = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  "examples/README.md",
];
const textOf = (document: string): string => readFileSync(document, "utf8");

/** The documents whose commands need the data directory of the server. The others continue README's example. */
const ofOperators = ["docs/configuration.md", "docs/operations.md", "docs/verification.md", "CONTRIBUTING.md"];
const ofUsers = ["README.md", ...documents.filter((each) => each !== "README.md" && !ofOperators.includes(each))];

const commandsIn = (names: readonly string[]): (CodeBlock & { document: string })[] =>
  names.flatMap((document) =>
    codeBlocks(textOf(document))
      .filter(({ language }) => language === "sh")
      .map((block) => ({ ...block, document })),
  );

/** Replaces values that differ in each run with the placeholders of the documents. */
const shown = (printed: string, replaced: readonly (readonly [shown: string, real: string])[]): string =>
  replaced
    .reduce((text, [placeholder, real]) => text.replaceAll(real, placeholder), printed)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16}\b/g, "...")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "...")
    .replaceAll(/(latchkey_|whsec_)[0-9A-Za-z+/=]{20,}/g, "$1...")
    .replaceAll(/(\/documents\/\.\.\.)\?[^"\s]+/g, "$1?...")
    .replaceAll(/"version":"[^"]+"/g, '"version":"..."')
    .replaceAll("\r\n", "\n")
    .replace(/(?<=[^\n])$/, "\n");

/** Runs all commands of documents in one shell, and compares what they print with what the documents show. */
async function runDocuments(
  names: readonly string[],
  folder: string,
  replaced: readonly (readonly [shown: string, real: string])[],
): Promise<void> {
  const blocks = commandsIn(names);
  const real = (code: string) =>
    replaced.reduce((text, [placeholder, value]) => text.replaceAll(placeholder, value), code);
  const printed = await blocksInShell(
    blocks.map(({ code }) => real(code)),
    folder,
  );
  const results = printed.map((each) => (each === "" ? "" : shown(each, replaced)));
  if (updates) await updateOutputs(blocks.map((block, index) => ({ ...block, result: results[index] ?? "" })));
  else {
    const where = ({ document, line }: { document: string; line: number }) => `${document}:${line}`;
    expect(blocks.map((block, index) => [where(block), results[index]])).toEqual(
      blocks.map((block) => [where(block), block.output?.code ?? ""]),
    );
  }
}

async function updateOutputs(blocks: readonly (CodeBlock & { document: string; result: string })[]): Promise<void> {
  for (const { document, output, result } of [...blocks].reverse()) {
    if (!output) continue;
    const text = textOf(document);
    await writeFile(document, text.slice(0, output.start) + result + text.slice(output.end));
  }
}

/** The folder that the commands run in: what a checkout has, and a data directory. */
async function prepare(folder: string, data: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, "data"));
  for (const [name, content] of Object.entries(data)) await writeFile(join(folder, "data", name), content);
  for (const name of ["examples", "node_modules"]) await symlink(resolve(name), join(folder, name));
  await cp("package.json", join(folder, "package.json"));
}

/** They start some hundred processes, which takes long on a machine that is busy with other tests. */
const timeoutMs = 240_000;

describe("the commands of the documents", () => {
  const models = useModelServer();
  const server = useServer({ ...allowHosts("127.0.0.1") });
  const processes = useProcesses();
  const folder = useFolder();

  test(
    "for users print what the documents show, and README's again when they are pasted a second time",
    async () => {
      await warmReader(server.current);
      const [, bearer = ""] = server.current.admin.credential ?? [];
      await prepare(folder.path, { "admin.key": bearer.replace("Bearer ", "") });
      const replaced = [
        ["http://127.0.0.1:4000", new URL(server.current.url).origin],
        ["http://127.0.0.1:11434", new URL(models.current.baseUrl).origin],
        ["llama3.2:1b", "good"],
        ["4001", String(await freePort())],
      ] as const;
      await runDocuments(ofUsers, folder.path, replaced);
      // The names of README's apps hold the time in seconds.
      await delay(1_000);
      if (!updates) await runDocuments(["README.md"], folder.path, replaced);
    },
    timeoutMs,
  );

  test(
    "for operators print what the documents show",
    async () => {
      const DATA_DIR = join(folder.path, "data");
      await prepare(folder.path, {});
      const { origin } = await processes.serve({ DATA_DIR });
      await runDocuments(ofOperators, folder.path, [
        ["http://127.0.0.1:4000", origin],
        ["/srv/latchkey", folder.path],
      ]);
    },
    timeoutMs,
  );

  test("stop at a call that fails, and print the server's error", async () => {
    const [helpers, setUp] = commandsIn(["README.md"]).filter(({ code }) => !code.startsWith("npm "));
    await prepare(folder.path, { "admin.key": "a-key-that-the-server-does-not-know" });
    const [, printed] = await blocksInShell(
      [helpers?.code ?? "", `${setUp?.code ?? ""}true`].map((code) =>
        code.replaceAll("http://127.0.0.1:4000", new URL(server.current.url).origin),
      ),
      folder.path,
    );
    expect(printed?.trim().split("\n")).toEqual([expect.stringContaining(`"code":"UNAUTHENTICATED"`)]);
  });
});

describe("a block of code", () => {
  const blocksIn = (language: string) =>
    documents.flatMap((document) =>
      codeBlocks(textOf(document))
        .filter((block) => block.language === language)
        .map((block) => ({ ...block, document })),
    );

  test("of commands runs in a test, or has a language that is no command", () => {
    const known = ["sh", "js", "json", "graphql", "ini", "nginx", "text", "yaml"];
    const languages = documents.flatMap((document) => codeBlocks(textOf(document)).map(({ language }) => language));
    expect([...new Set(languages)].filter((language) => !known.includes(language))).toEqual([]);
    const place = ({ document, line }: { document: string; line: number }) => `${document}:${line}`;
    expect(
      commandsIn([...ofUsers, ...ofOperators])
        .map(place)
        .sort(),
    ).toEqual(blocksIn("sh").map(place).sort());
  });

  test("of GraphQL is valid", () => {
    const schema = createSchema(readConfig({}).limits);
    const operations = blocksIn("graphql");
    expect(operations.length).toBeGreaterThan(0);
    for (const { code } of operations) expect(validate(schema, parse(code))).toEqual([]);
  });

  test("of JavaScript is a file of the examples", () => {
    const examples = readdirSync("examples").map((name) => textOf(join("examples", name)));
    const scripts = blocksIn("js");
    expect(scripts.length).toBeGreaterThan(0);
    for (const { code } of scripts) expect(examples).toContain(code);
  });

  test("of JSON can be parsed", () => {
    for (const { code } of blocksIn("json")) JSON.parse(code);
  });
});

test.each(documents)("the links of %s lead to files and headings that exist", (document) => {
  const broken = linksOf(textOf(document)).filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? document : normalize(join(dirname(document), path));
    try {
      const text = textOf(file);
      return anchor !== undefined && !anchorsOf(text).includes(anchor);
    } catch {
      return !readdirSync(dirname(file)).includes(file.split("/").at(-1) ?? "");
    }
  });
  expect(broken).toEqual([]);
});

test("README.md has 8 kB at most and leads to every document", () => {
  const readme = textOf("README.md");
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(8_192);
  const targets = linksOf(readme).map((target) => target.split("#")[0]);
  expect(documents.filter((document) => document !== "README.md" && !targets.includes(document))).toEqual([]);
});

/** The rows of the table below a heading, without its header: the cells of each, without marks of code. */
function tableBelow(document: string, heading: string): string[][] {
  const [, section = ""] = textOf(document).split(`# ${heading}\n`);
  const lines =
    section
      .split(/^#+ /m)[0]
      ?.split("\n")
      .filter((line) => line.startsWith("|")) ?? [];
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (cell: string | undefined): string[] =>
  [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);

test("docs/api.md lists every error code of the server with its status", () => {
  const rows = tableBelow("docs/api.md", "Error codes");
  expect(Object.fromEntries(rows.map(([name, status]) => [code(name)[0], Number(status)]))).toEqual(statusOf);
});

test("docs/api.md lists every reason of a conflict", () => {
  const rows = tableBelow("docs/api.md", "Reasons of a conflict");
  expect(rows.map(([name]) => code(name)[0])).toEqual(Object.keys(conflictReasons));
});

test("docs/api.md lists every reason for which a valid key is refused", () => {
  const rows = tableBelow("docs/api.md", "Reasons of a refusal");
  expect(rows.map(([name]) => code(name)[0])).toEqual(["ADDRESS", ...Object.keys(delegationReasons)]);
});

test("docs/api.md lists every reason for which a credential is refused", () => {
  const rows = tableBelow("docs/api.md", "Reasons of a refused credential");
  const reasons = [...Object.keys(credentialReasons), "KEY_REVOKED", "ADMINISTRATOR_REVOKED"];
  expect(rows.map(([name]) => code(name)[0])).toEqual(reasons);
});

test("docs/api.md lists every error code of a run", () => {
  const sources = ["src/model", "src/domain/run"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => textOf(join(folder, name))),
  );
  const listed = tableBelow("docs/api.md", "Error codes of a run").map(([name]) => code(name)[0] ?? "");
  const used = sources
    .join("")
    .match(
      /(?<=")(MODEL|TOOLS|TOOL_STEPS|DOCUMENTS)_[A-Z_]+(?=")|AGENT_DELETED|(?<=")(INTERRUPTED|ACCESS_REVOKED)(?=")/g,
    );
  expect(listed.sort()).toEqual([...new Set(used)].sort());
});

test("docs/api.md names every guarded field at what it requires", () => {
  const rows = tableBelow("docs/api.md", "Permissions");
  const fieldsOf = (permission: string) =>
    rows.filter(([name]) => code(name)[0] === permission).flatMap(([, fields]) => code(fields));
  const short = (field: string) => field.replace(/^(Query|Mutation|Subscription)\./, "");
  const lacking = [...access]
    .filter(([, { required }]) => !["any", "admin"].includes(required))
    .flatMap(([field, { required }]) => required.split(" or ").map((each) => [short(field), each] as const))
    .filter(([field, required]) => !fieldsOf(required).includes(field));
  expect(lacking).toEqual([]);
});

test("docs/operations.md quotes messages that the server logs", () => {
  const messages = tableBelow("docs/operations.md", "What faults look like").flatMap(([, , log]) => code(log));
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => textOf(join("src", name)))
    .join("");
  const sentences = messages.filter((message) => message.includes(" "));
  expect(sentences.length).toBeGreaterThan(5);
  expect(sentences.filter((message) => !sources.includes(message))).toEqual([]);
});

test("docs/configuration.md has the table of variables that the code renders", () => {
  const [, table] =
    /<!-- configuration table -->\n\n([^]*)\n\n<!-- end of configuration table -->/.exec(
      textOf("docs/configuration.md"),
    ) ?? [];
  expect(table).toBe(renderConfigurationTable());
});

test("the workflow runs scripts that package.json has", () => {
  const workflow = textOf(".github/workflows/ci.yml");
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const used = [...workflow.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name = ""]) => name);
  expect(used.length).toBeGreaterThan(3);
  expect(used.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
