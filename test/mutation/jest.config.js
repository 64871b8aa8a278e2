const base = require("../../jest.config.js");
const order = require("./order");

/** One failing test is enough to have found a mutant. The server with all mutants in it is built already. */
module.exports = {
  ...base,
  globalSetup: null,
  rootDir: "../..",
  // With several instances too, what is downloaded from a folder is enough.
  testPathIgnorePatterns: base.testPathIgnorePatterns.filter((pattern) => !pattern.includes("download")),
  testMatch: order.map((name) => `**/test/${name}.test.ts`),
  testSequencer: "<rootDir>/test/mutation/quickest-first.js",
  maxWorkers: 1,
  bail: true,
};
