import { readFileSync } from "node:fs";
import { newAdministratorSecret, newSecret } from "../../src/domain/api-key/secret";

type Table = Record<string, unknown>;

/** Reads the part of TOML that the file uses, and refuses any other. */
function parseToml(text: string): Map<string, Table[]> {
  const tables = new Map<string, Table[]>([["", [{}]]]);
  let name = "";
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const [, list, single] = /^\[\[([\w.-]+)\]\]$|^\[([\w.-]+)\]$/.exec(line) ?? [];
    if (list !== undefined || single !== undefined) {
      name = list ?? single ?? "";
      tables.set(name, [...(tables.get(name) ?? []), {}]);
      continue;
    }
    const [, key = "", value = ""] = /^(\w+) = (.+)$/.exec(line) ?? [];
    const [, literal] = /^'''(.*)'''$/.exec(value) ?? [];
    const table = tables.get(name)?.at(-1);
    if (table) table[key] = literal ?? (JSON.parse(value) as unknown);
  }
  return tables;
}

const regexesOfYaml = (text: string): string[] =>
  [...text.matchAll(/^ {6}secret: '(.*)'$/gm)].map(([, regex = ""]) => regex);

const around = (secret: string): string[] => [secret, `key=${secret}`, `"${secret}"`, `x-api-key: ${secret}\n`];

const rules = parseToml(readFileSync("deploy/gitleaks.toml", "utf8")).get("rules") ?? [];
const detectors = regexesOfYaml(readFileSync("deploy/trufflehog.yml", "utf8"));

test("the rules of gitleaks and the detectors of TruffleHog are the same, and each has the keyword of its secrets", () => {
  expect(rules.map(({ regex }) => regex)).toEqual(detectors);
  for (const { regex, keywords } of rules) expect(regex).toContain((keywords as string[])[0]);
});

test.each([
  ["API key", newSecret, 0],
  ["key of an administrator", newAdministratorSecret, 1],
] as const)("a secret of an %s is found wherever it stands, and only by its own rule", (_, create, own) => {
  for (let i = 0; i < 100; i++) {
    const secret = create();
    for (const text of around(secret)) {
      const found = detectors.map((regex) => new RegExp(regex).exec(text)?.[1]);
      expect(found).toEqual(own === 0 ? [secret, undefined] : [undefined, secret]);
    }
    expect(detectors.some((regex) => new RegExp(regex).test(secret.slice(0, -1)))).toBe(false);
  }
});
