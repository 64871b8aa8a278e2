/**
 * Measures the time from the start of the built server to its first answer: of an operation, on a new database and on one
 * that exists. Prints the median and the spread, and the processor time and memory that it has used by then.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { URL } from "node:url";
import { processorMsOf, quantile } from "./support/load.mjs";

const rounds = Number(process.argv[2] ?? 10);
const latchkey = new URL("../../dist/src/latchkey.js", import.meta.url).pathname;
const port = 45_000 + (process.pid % 10_000);
const adminKey = "the-administrators-key-of-the-benchmark";
const request = {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${adminKey}` },
  body: JSON.stringify({ query: "{ apps { totalCount } }" }),
};

async function answers() {
  try {
    return (await fetch(`http://127.0.0.1:${port}/graphql`, request)).ok;
  } catch {
    return false;
  }
}

async function measureStart(dataDir) {
  const begun = performance.now();
  const server = spawn(process.execPath, [latchkey, "start"], {
    env: { PORT: String(port), DATA_DIR: dataDir, ADMIN_KEY: adminKey, LOG_LEVEL: "error" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  while (!(await answers())) await delay(2);
  const ms = performance.now() - begun;
  const processorMs = processorMsOf(server.pid);
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${server.pid}/status`, "utf8"));
  server.kill();
  await once(server, "exit");
  return { ms, processorMs, megabytes: kilobytes / 1_024 };
}

const results = { "new database": [], "existing one": [] };
for (let round = 0; round < rounds; round++) {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-start-"));
  for (const starts of Object.values(results)) starts.push(await measureStart(dataDir));
  await rm(dataDir, { recursive: true });
}
for (const [name, starts] of Object.entries(results)) {
  const spread = (member) => {
    const [low, middle, high] = [0, 0.5, 1].map((share) =>
      quantile(
        starts.map((each) => each[member]),
        share,
      ).toFixed(0),
    );
    return `${middle} (${low} to ${high})`;
  };
  console.log(
    `${name}: ${spread("ms")} ms to the first answer, ${spread("processorMs")} ms of processor time, ${spread("megabytes")} MB`,
  );
}
