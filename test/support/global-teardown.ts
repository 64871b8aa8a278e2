import { execFileSync } from "node:child_process";

/** Removes the database that the tests have shared. */
export default function tearDown(): void {
  const url = process.env["TEST_DATABASE_TEMPLATE"];
  if (!url) return;
  const statement = `DROP DATABASE ${new URL(url).pathname.slice(1)}`;
  execFileSync(process.execPath, ["test/support/run-statement.mjs", statement]);
}
