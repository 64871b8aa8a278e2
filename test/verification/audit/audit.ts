import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TestProcess } from "../../support/process";
import { OwnServer } from "../own-server";
import type { Finding, VerificationOptions, VerificationProgram } from "../program";
import { Random } from "../random";
import { changeApp, compareWithLog } from "./changes";
import { latchkey } from "./latchkey-command";
import { chainOf, readLog, type StoredLog, writeLog } from "./stored-log";
import { fileTamperings, tamperings } from "./tampering";

const killFault = "server killed under changes";
const defaultTrials = 2;
const entriesPerChain = 14;
const killsPerTrial = 3;
/** Changes go on for this time before a kill. */
const [minChangeMs, maxChangeMs] = [200, 1_200];

type Report = (finding: Finding) => void;
type Violation = (what: string) => void;

export const audit: VerificationProgram = {
  name: "audit",
  promise: "Tampering with the audit log is caught, and each change has exactly one entry, despite kills.",
  databases: ["sqlite", "mysql"],
  worst: "what was compared",
  broken: { "late-entry": "writes an entry in a transaction of its own, 30 ms after that of the change" },

  async run(options, report, violation) {
    const random = new Random(options.seed);
    const deadline = Date.now() + (options.minutes ?? Infinity) * 60_000;
    const trials = options.trials ?? defaultTrials;
    if (options.path !== killFault) await verifyTamperings(options, random, trials, report, violation);
    await verifyKills(options, random, trials, deadline, report, violation);
  },
};

async function verifyTamperings(
  { database }: VerificationOptions,
  random: Random,
  trials: number,
  report: Report,
  violation: Violation,
): Promise<void> {
  const server = await OwnServer.start(database, { LOG_LEVEL: "info" });
  try {
    const { process: child, folder } = server;
    const { environment } = child;
    const sql = (statement: string) => child.sql(statement);
    const write = (log: StoredLog) => writeLog(sql, log, database === "mysql");
    const app = await child.newApp();
    while (chainOf(await readLog(sql), app.id).length < entriesPerChain / 2) await app.scope({});
    // Stopping signs the heads.
    await child.end();
    const earlier = await readLog(sql);
    const again = await new TestProcess(environment).ready();
    const { admin } = again;
    while (chainOf(await readLog(sql), app.id).length < entriesPerChain)
      await admin.data(
        `mutation { createAgent(input: { appId: "${app.id}", name: "a${random.integer(0, 2 ** 31)}" }) { agent { id } } }`,
      );
    await again.end();
    const intact = await readLog(sql);
    const verify = (...args: string[]) => latchkey(environment, "audit", "verify", ...args);
    const nameOf = (entry: number) => `entry #${entry} of the chain of the app ${app.id}: `;
    const judge = async (what: string, expected: string, args: string[] = []): Promise<number> => {
      const { exit, stdout, stderr } = await verify(...args);
      const isCaught = exit === 1 && stdout.split("\n").some((line) => line.startsWith(expected));
      if (!isCaught) violation(`${what}: expected ${expected}, got exit ${exit}: ${stdout}${stderr}`);
      return isCaught ? 0 : 1;
    };
    const untouched = async () => {
      const { exit, stdout } = await verify();
      if (exit === 0) return 0;
      violation(`an untouched log: ${stdout}`);
      return 1;
    };
    report({ fault: "none", trials: 1, violations: await untouched(), worst: "verified intact" });

    for (const { name, apply } of tamperings) {
      let violations = 0;
      for (let trial = 0; trial < trials; trial++) {
        const log = structuredClone(intact);
        const at = random.integer(2, entriesPerChain);
        const expected = apply(log, app.id, at) ?? at;
        await write(log);
        violations += await judge(`${name} at #${at}`, nameOf(expected));
      }
      report({ fault: name, trials, violations, worst: "first entry named" });
    }

    const logFile = join(folder, "server.log");
    await writeFile(logFile, child.stderr + again.stderr);
    await write(earlier);
    const rolledBack = await judge("rolled back", nameOf(chainOf(earlier, app.id).length + 1), ["--heads", logFile]);
    report({ fault: "rolled back, known by the log", trials: 1, violations: rolledBack, worst: "first entry named" });

    await write(intact);
    const { stdout } = await latchkey(environment, "audit", "export");
    const file = join(folder, "audit.jsonl");
    const lines = stdout.trimEnd().split("\n");
    const entryLines = lines.flatMap((line, i) =>
      line.startsWith('{"type":"entry"') && line.includes(`"chainId":"${app.id}"`) ? [i] : [],
    );
    for (const { name, apply } of fileTamperings) {
      let violations = 0;
      for (let trial = 0; trial < trials; trial++) {
        const entry = random.integer(2, entriesPerChain - 1);
        const tampered = apply(lines, entryLines[entry - 1] ?? 0);
        await writeFile(file, `${tampered.lines.join("\n")}\n`);
        const expected = tampered.expected ?? nameOf(tampered.next ? entry + 1 : entry);
        violations += await judge(`${name} at #${entry}`, expected, ["--file", file]);
      }
      report({ fault: name, trials, violations, worst: "first entry named" });
    }
    await writeFile(file, stdout);
    const { publicKeys } = JSON.parse(lines[0] ?? "{}") as { publicKeys: string[] };
    const other = { DATA_DIR: join(folder, "elsewhere") };
    const { exit } = await latchkey(other, "audit", "verify", "--file", file, "--public-key", publicKeys[0] ?? "");
    report({
      fault: "file: none, on another machine",
      trials: 1,
      violations: exit === 0 ? 0 : 1,
      worst: "verified intact",
    });
    if (exit !== 0) violation(`an untouched file: ${await readFile(file, "utf8")}`);
  } finally {
    await server.end();
  }
}

async function verifyKills(
  { database, broken }: VerificationOptions,
  random: Random,
  trials: number,
  deadline: number,
  report: Report,
  violation: Violation,
): Promise<void> {
  const server = await OwnServer.start(
    database,
    broken === undefined ? {} : { NODE_OPTIONS: `--require ${require.resolve("./broken-late-entry")}` },
  );
  let [kills, changes, violations] = [0, 0, 0];
  let child = server.process;
  try {
    const apps = [await child.newApp(), await child.newApp()];
    for (; kills < trials * killsPerTrial && Date.now() < deadline; kills++) {
      let isAlive = true;
      const target = { admin: child.admin };
      // Several writers of one app wait for each other's entries.
      const writers = [...apps, ...apps].map((app) => changeApp(target, app, random.fork(), () => isAlive));
      await new Promise((resolve) => setTimeout(resolve, random.integer(minChangeMs, maxChangeMs)));
      await child.end("SIGKILL");
      isAlive = false;
      for (const made of await Promise.all(writers)) changes += made;
      child = await new TestProcess(server.process.environment).ready();
      const differences = (await Promise.all(apps.map(({ id }) => compareWithLog(child.admin, id)))).flat();
      const { exit, stdout } = await latchkey(server.process.environment, "audit", "verify");
      const problems = [...differences, ...(exit === 0 ? [] : [stdout])];
      for (const problem of problems) violation(`after kill ${kills + 1}: ${problem}`);
      violations += problems.length;
    }
    report({
      fault: killFault,
      trials: kills,
      violations,
      worst: `${changes} changes with one entry each`,
    });
  } finally {
    if (child.exit === null) await child.end("SIGKILL");
    await server.end();
  }
}
