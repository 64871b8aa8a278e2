import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";

const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  execFileSync(process.execPath, args, { env: { ...process.env, ...more }, stdio: "inherit" });

/**
 * Builds the server and the console before any test, which takes no time if they are up to date, and migrates a database
 * on the server at TEST_DATABASE_URL, whose tables those of tests are copies of.
 */
export default function setUp(): void {
  run(["build.mjs"]);
  const url = process.env["TEST_DATABASE_URL"];
  if (!url) return;
  const name = `latchkey_template_${randomBytes(6).toString("hex")}`;
  run(["test/support/run-statement.mjs", `CREATE DATABASE ${name}`]);
  const { href } = Object.assign(new URL(url), { pathname: `/${name}` });
  process.env["TEST_DATABASE_TEMPLATE"] = href;
  run(["dist/src/latchkey.js", "migrate"], { DATABASE_URL: href });
}
