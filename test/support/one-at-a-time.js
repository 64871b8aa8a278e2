const { default: TestRunner } = require("jest-runner");

/** Runs one file of tests after the other, and nothing beside it. */
module.exports = class extends TestRunner {
  isSerial = true;
};
