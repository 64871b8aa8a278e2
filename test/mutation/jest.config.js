const {
  projects: [project],
  testTimeout,
} = require("../../jest.config.js");
const order = require("./order");

/** The first failing test kills a mutant. Stryker has already built the server with all mutants. */
module.exports = {
  ...project,
  globalSetup: null,
  roots: ["<rootDir>/test"],
  runner: "jest-runner",
  testMatch: order.map((name) => `**/test/${name}.test.ts`),
  testSequencer: "<rootDir>/test/mutation/fastest-first.js",
  testTimeout,
  maxWorkers: 1,
  bail: true,
};
