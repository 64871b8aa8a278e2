const { globalSetup: _builtAlready, ...base } = require("../../jest.config.js");
const { order } = require("./order");

/** One failing test is enough to have found a mutant. */
module.exports = {
  ...base,
  rootDir: "../..",
  testMatch: order.map((name) => `**/test/${name}.test.ts`),
  testSequencer: "<rootDir>/test/mutation/quickest-first.js",
  maxWorkers: 1,
  bail: true,
};
