// Reports what failed in a run of jest, so that it can be read at the end of a long output, and prints the names of the
// files with failures. Its arguments: the file with the results as JSON, what the run is called, and the report's file.
const { appendFileSync, readFileSync } = require("node:fs");
const { relative } = require("node:path");
const { stripVTControlCharacters } = require("node:util");

const [, , file, run, report] = process.argv;

function say(what, message) {
  const start = stripVTControlCharacters(message).split("\n").slice(0, 12).join("\n");
  appendFileSync(report, `FAILED on ${run}: ${what}\n${start}\n\n`);
}

for (const { name, status, message, assertionResults } of JSON.parse(readFileSync(file, "utf8")).testResults) {
  if (status !== "failed") continue;
  const path = relative(".", name);
  process.stdout.write(`${path}\n`);
  const failed = assertionResults.filter((each) => each.status === "failed");
  for (const { fullName, failureMessages } of failed) say(`${path}: ${fullName}`, failureMessages.join("\n"));
  if (failed.length === 0) say(path, message);
}
