const { default: TestRunner } = require("jest-runner");

/** Runs one file of tests after the other, with nothing beside it. */
module.exports = class OneAtATime extends TestRunner {
  constructor(globalConfig, context) {
    super({ ...globalConfig, maxWorkers: 1 }, context);
  }
};
