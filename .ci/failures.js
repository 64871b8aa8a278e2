// Says what failed in a run of jest, so that it can be read at the end of a long output. Its arguments: the file with
// the results as JSON, what the run is called, and the file to add the names to.
const { appendFileSync, readFileSync } = require("node:fs");
const { relative } = require("node:path");
const { stripVTControlCharacters } = require("node:util");

const [, , file, run, names] = process.argv;
const maxLineLength = 300;

function say(what, message) {
  const lines = stripVTControlCharacters(message).split("\n").slice(0, 12);
  const start = lines.map((line) => line.slice(0, maxLineLength)).join("\n");
  process.stdout.write(`FAILED on ${run}: ${what}\n${start}\n\n`);
  appendFileSync(names, `${`FAILED on ${run}: ${what}`.slice(0, maxLineLength)}\n`);
}

for (const { name, message, assertionResults } of JSON.parse(readFileSync(file, "utf8")).testResults) {
  const path = relative(".", name);
  const failed = assertionResults.filter(({ status }) => status === "failed");
  for (const { fullName, failureMessages } of failed) say(`${path}: ${fullName}`, failureMessages.join("\n"));
  if (failed.length === 0 && message) say(path, message);
}
