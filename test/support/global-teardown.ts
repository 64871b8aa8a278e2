import { execFileSync } from "node:child_process";

/** Removes the database that the tests have shared. */
export default function tearDown(): void {
  const name = process.env["TEST_DATABASE_TEMPLATE"];
  if (name) execFileSync(process.execPath, ["test/support/run-statement.mjs", `DROP DATABASE ${name}`]);
}
