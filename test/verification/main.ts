import { parseArgs } from "node:util";
import { access } from "./access/access";
import { consistency } from "./consistency/consistency";
import { durability } from "./durability/durability";
import { leaveNothing } from "./cleanup";
import type { Finding, VerificationProgram, VerificationOptions } from "./program";
import { revocation } from "./revocation/revocation";

const proofs: readonly VerificationProgram[] = [access, consistency, durability, revocation];

/** Of each proof, only so many violations are told in full. */
const mostTold = 20;

const usage = `npm run verify -- [${proofs.map(({ name }) => name).join(" | ")}] [--seed N] [--trials N] [--minutes N] [--database sqlite|mysql] [--broken NAME] [--path PATH]

Without a name, all proofs run in their short form.
${proofs.map(describe).join("\n")}`;

function describe({ name, promise, databases, broken }: VerificationProgram): string {
  const faults = Object.entries(broken).map(([fault, what]) => `    --broken ${fault}: ${what}`);
  return [`  ${name}: ${promise} (${databases.join(", ")})`, ...faults].join("\n");
}

function fail(problem: string): never {
  process.stderr.write(`${problem}\n\n${usage}\n`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        trials: { type: "string" },
        minutes: { type: "string" },
        database: { type: "string" },
        broken: { type: "string" },
        path: { type: "string" },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!(number > 0)) fail(`--${name} is to be a number above 0, and was ${JSON.stringify(value)}`);
  return number;
}

/** @returns whether the promise held */
async function prove(proof: VerificationProgram, options: VerificationOptions): Promise<boolean> {
  const { seed, database, broken } = options;
  print(`\n${proof.name} on ${database}, --seed ${seed}${broken === undefined ? "" : `, --broken ${broken}`}`);
  print(`  ${proof.promise}`);
  const findings: Finding[] = [];
  let told = 0;
  const started = Date.now();
  await proof.run(
    options,
    (finding) => {
      findings.push(finding);
      print(`  ${rowOf(finding)}`);
    },
    (what) => {
      told += 1;
      if (told <= mostTold) print(`  VIOLATION ${what}`);
    },
  );
  const violations = findings.reduce((sum, finding) => sum + finding.violations, 0);
  print(`\n| fault | trials | violations | ${proof.worst} |\n| --- | ---: | ---: | --- |`);
  for (const finding of findings) print(`| ${rowOf(finding)} |`);
  const seconds = Math.round((Date.now() - started) / 1_000);
  print(`\n${proof.name} on ${database}: ${violations} violations in ${seconds} s`);
  return violations === 0 && findings.length > 0;
}

const rowOf = ({ fault, trials, violations, worst }: Finding): string =>
  [fault, trials.toLocaleString("en"), violations, worst].join(" | ");

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { positionals, values } = readOptions();
  const chosen = positionals.length === 0 ? proofs : proofs.filter(({ name }) => positionals.includes(name));
  const unknown = positionals.filter((name) => !proofs.some((proof) => proof.name === name));
  if (unknown.length > 0) fail(`There is no proof ${unknown.join(", ")}`);
  const { broken } = values;
  if (broken !== undefined && !chosen.every((proof) => broken in proof.broken)) fail(`There is no fault ${broken}`);

  leaveNothing();
  let isHeld = true;
  for (const proof of chosen) {
    const database = values.database ?? proof.databases[0];
    if (database !== "sqlite" && database !== "mysql") fail(`--database is to be sqlite or mysql`);
    if (!proof.databases.includes(database)) fail(`${proof.name} does not run on ${database}`);
    const options = {
      seed: positive("seed", values.seed) ?? Math.floor(Math.random() * 2 ** 31) + 1,
      trials: positive("trials", values.trials),
      minutes: positive("minutes", values.minutes),
      database,
      broken,
      path: values.path,
    } as const;
    isHeld = (await prove(proof, options)) && isHeld;
  }
  process.exitCode = isHeld ? 0 : 1;
}

void main();
