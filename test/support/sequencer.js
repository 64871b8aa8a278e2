const { default: Sequencer } = require("@jest/test-sequencer");

/** What takes longest, longest first: begun late, one of these would be waited for when all others have ended. */
const long = [
  "cluster/kill",
  "faults/kill",
  "cluster/dead-workers",
  "api/s3/store-faults",
  "api/s3/processing",
  "cluster/instances",
  "api/s3/storage-sweep",
  "api/document/processing",
  "api/retrieval/hostile-documents",
  "api/graphql/authorization-property",
  "api/callback/delivery",
  "faults/accepted-work",
  "faults/callback-crash",
].map((name) => `/test/${name}.test.ts`);

module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => long.findIndex((name) => path.endsWith(name)) >>> 0;
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
};
