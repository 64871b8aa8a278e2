const { default: TestRunner } = require("jest-runner");

/** Runs test files sequentially. */
module.exports = class SerialRunner extends TestRunner {
  constructor(globalConfig, context) {
    super({ ...globalConfig, maxWorkers: 1 }, context);
  }
};
