import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { readConfig } from "../../config";
import { startServer } from "../../server";
import { DemoClient } from "./demo-client";
import { handbook } from "./handbook";
import { runScenario } from "./scenario";

/** Runs the scenario against a temporary server, and fails if a result is not as expected. */
async function demo(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-demo-"));
  const adminKey = randomBytes(32).toString("base64url");
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, ADMIN_KEY: adminKey });
  const server = await startServer(config, pino({ level: "silent" }));
  try {
    const admin = new DemoClient(server.url, { authorization: `Bearer ${adminKey}` });
    await runScenario(admin, Buffer.from(handbook), (line) => process.stdout.write(`${line}\n`));
  } finally {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

export const main = (): Promise<void> =>
  demo().catch((error: unknown) => {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
