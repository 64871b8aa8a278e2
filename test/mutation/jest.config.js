const {
  projects: [project],
  testTimeout,
} = require("../../jest.config.js");
const order = require("./order");

/** One failing test is enough to have found a mutant. The server with all mutants in it is built already. */
module.exports = {
  ...project,
  globalSetup: null,
  roots: ["<rootDir>/test"],
  runner: "jest-runner",
  testMatch: order.map((name) => `**/test/${name}.test.ts`),
  testSequencer: "<rootDir>/test/mutation/quickest-first.js",
  testTimeout,
  maxWorkers: 1,
  bail: true,
};
