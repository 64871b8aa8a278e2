import { parseArgs } from "node:util";
import { access } from "./access/access";
import { audit } from "./audit/audit";
import { cleanUpOnExit } from "./cleanup";
import { consistency } from "./consistency/consistency";
import { durability } from "./durability/durability";
import type { Finding, VerificationProgram, VerificationOptions } from "./program";
import { revocation } from "./revocation/revocation";
import { usage } from "./usage/usage";

const programs: readonly VerificationProgram[] = [access, audit, consistency, durability, revocation, usage];

/** Per program; the table counts all violations. */
const maxPrintedViolations = 20;

const help = `npm run verify -- [${programs.map(({ name }) => name).join(" | ")}] [--seed N] [--trials N] [--minutes N] [--database sqlite|mysql] [--broken NAME] [--path PATH]

Without a name, all programs run in their short form.
${programs.map(describe).join("\n")}`;

function describe({ name, promise, databases, broken }: VerificationProgram): string {
  const bugs = Object.entries(broken).map(([bug, effect]) => `    --broken ${bug}: ${effect}`);
  return [`  ${name}: ${promise} (${databases.join(", ")})`, ...bugs].join("\n");
}

function exitWithUsage(problem: string): never {
  process.stderr.write(`${problem}\n\n${help}\n`);
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
    return exitWithUsage((error as Error).message);
  }
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!(number > 0)) exitWithUsage(`--${name} must be a number above 0, but was ${JSON.stringify(value)}.`);
  return number;
}

/** @returns whether trials ran without a violation */
async function verify(program: VerificationProgram, options: VerificationOptions): Promise<boolean> {
  const { seed, database, broken } = options;
  print(`\n${program.name} on ${database}, --seed ${seed}${broken === undefined ? "" : `, --broken ${broken}`}`);
  print(`  ${program.promise}`);
  const findings: Finding[] = [];
  let violationsSeen = 0;
  const startedAt = Date.now();
  await program.run(
    options,
    (finding) => {
      findings.push(finding);
      print(`  ${rowOf(finding)}`);
    },
    (what) => {
      violationsSeen += 1;
      if (violationsSeen <= maxPrintedViolations) print(`  VIOLATION ${what}`);
    },
  );
  const violations = findings.reduce((sum, finding) => sum + finding.violations, 0);
  print(`\n| fault | trials | violations | ${program.worst} |\n| --- | ---: | ---: | --- |`);
  for (const finding of findings) print(`| ${rowOf(finding)} |`);
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  print(`\n${program.name} on ${database}: ${violations} violations in ${seconds} s`);
  return violations === 0 && findings.length > 0;
}

const rowOf = ({ fault, trials, violations, worst }: Finding): string =>
  [fault, trials.toLocaleString("en"), violations, worst].join(" | ");

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { positionals, values } = readOptions();
  const chosen = positionals.length === 0 ? programs : programs.filter(({ name }) => positionals.includes(name));
  const unknown = positionals.filter((name) => !programs.some((program) => program.name === name));
  if (unknown.length > 0) exitWithUsage(`Unknown verification program: ${unknown.join(", ")}.`);
  const { broken } = values;
  if (broken !== undefined && !chosen.every((program) => broken in program.broken))
    exitWithUsage(`Unknown bug for --broken: ${broken}.`);

  cleanUpOnExit();
  let isVerified = true;
  for (const program of chosen) {
    const database = values.database ?? program.databases[0];
    if (database !== "sqlite" && database !== "mysql") exitWithUsage("--database must be sqlite or mysql.");
    if (!program.databases.includes(database))
      exitWithUsage(`${program.name} does not support --database ${database}.`);
    const options = {
      seed: positive("seed", values.seed) ?? Math.floor(Math.random() * 2 ** 31) + 1,
      trials: positive("trials", values.trials),
      minutes: positive("minutes", values.minutes),
      database,
      broken,
      path: values.path,
    } as const;
    isVerified = (await verify(program, options)) && isVerified;
  }
  process.exitCode = isVerified ? 0 : 1;
}

void main();
