const { default: Sequencer } = require("@jest/test-sequencer");
const order = require("./order");

/** Runs the tests without a server first: they are fast, and kill most mutants. */
module.exports = class FastestFirst extends Sequencer {
  sort(tests) {
    const positionOf = ({ path }) => order.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
    return [...tests].sort((a, b) => positionOf(a) - positionOf(b));
  }
};
