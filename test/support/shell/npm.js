/**
 * Replaces npm and npx in the commands of our documents. A command of the server that ends by itself runs for real, in
 * the current folder; of the others the script and the paths in its arguments must exist.
 */
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "../../..");
const { scripts } = require(join(root, "package.json"));
const commands = ["backup", "keys:revoke", "migrate", "restore", "secrets:rotate", "storage:sweep"];

function fail(problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

function checkPaths(words) {
  for (const word of words) {
    if (/^(dist|docs|examples|src|test)\//.test(word) && !existsSync(join(root, word))) fail(`There is no ${word}`);
  }
}

const [program, ...words] = process.argv.slice(2);
const given = words.filter((word) => word !== "--silent");
const end = given.indexOf("--");
const options = end < 0 ? [] : given.slice(end + 1);

if (program === "npx") {
  if (!existsSync(join(root, "node_modules/.bin", given[0] ?? ""))) fail(`There is no program ${given[0]}`);
  checkPaths(given.slice(1));
} else if (given[0] === "ci" || given[0] === "install") {
  // Was done, or the tests would not run.
} else {
  const name = given[0] === "run" ? given[1] : given[0];
  if (!Object.hasOwn(scripts, name ?? "")) fail(`package.json has no script ${name}`);
  if (given[0] !== "run" && !["start", "test"].includes(name)) fail(`npm has no command ${name}`);
  checkPaths(options);
  if (name === "verify") {
    for (const word of options.filter((each) => /^[a-z]+$/.test(each) && !["mysql", "sqlite"].includes(each))) {
      const isValue = options[options.indexOf(word) - 1]?.startsWith("--");
      if (!isValue && !existsSync(join(root, "test/verification", word))) fail(`There is no program ${word}`);
    }
  }
  if (commands.includes(name)) {
    const [, script, ...command] = scripts[name].split(" ");
    const { status } = spawnSync(process.execPath, [join(root, script), ...command, ...options], { stdio: "inherit" });
    process.exit(status ?? 1);
  }
}
