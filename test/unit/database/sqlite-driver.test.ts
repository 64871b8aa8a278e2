import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Prepares statements and drops them, until some were garbage-collected while no JavaScript runs. */
const program = `
  const { Sqlite } = require("./dist/src/platform/sqlite");
  const db = new Sqlite(":memory:");
  let rounds = 100;
  const round = () => {
    for (let i = 0; i < 2_000; i++) db.prepare("SELECT " + i);
    if (--rounds > 0) setTimeout(round, 1);
    else console.log("alive");
  };
  round();`;

test("statements that are garbage-collected do not crash the process, on the current version of Node.js", async () => {
  const { stdout } = await execute(process.execPath, ["--max-semi-space-size=1", "-e", program]);
  expect(stdout).toBe("alive\n");
});
