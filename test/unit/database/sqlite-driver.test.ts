import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Prepares statements and forgets them, until they have been collected also while no JavaScript runs. */
const program = `
  const { Sqlite } = require("./dist/src/platform/sqlite");
  const db = new Sqlite(":memory:");
  let turns = 100;
  const turn = () => {
    for (let i = 0; i < 2_000; i++) db.prepare("SELECT " + i);
    if (--turns > 0) setTimeout(turn, 1);
    else console.log("alive");
  };
  turn();`;

test("statements that are given up do not end the process, on the Node.js that runs this", async () => {
  const { stdout } = await execute(process.execPath, ["--max-semi-space-size=1", "-e", program]);
  expect(stdout).toBe("alive\n");
});
