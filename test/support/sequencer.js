const { default: Sequencer } = require("@jest/test-sequencer");

/** What takes longest, longest first: begun late, one of these would be waited for when all others have ended. */
const long = [
  "kill.redis",
  "kill",
  "dead-workers.redis",
  "s3/faults",
  "s3/processing",
  "instances.redis",
  "s3/storage-sweep",
  "processing",
  "hostile-document",
  "verdict-property",
  "callback-delivery",
  "nothing-lost",
  "callback-crash",
].map((name) => `/test/${name}.test.ts`);

module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => long.findIndex((name) => path.endsWith(name)) >>> 0;
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
};
