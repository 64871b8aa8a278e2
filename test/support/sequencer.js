const { default: Sequencer } = require("@jest/test-sequencer");

/** The longest files, longest first. If one of them started late, the other workers would be idle while it ends. */
const longest = [
  "console/e2e/walk",
  "attack/fuzz",
  "attack/documents",
  "api/retrieval/pdf-files",
  "api/retrieval/office-files",
  "faults/kill",
  "cluster/kill",
  "api/s3/store-faults",
  "api/s3/processing",
  "api/retrieval/hostile-documents",
  "api/s3/storage-sweep",
  "api/document/storage-sweep",
  "cluster/dead-workers",
  "api/backup/backup",
  "api/cli/startup",
  "api/document/processing",
  "api/s3/accepted-work",
  "faults/shutdown",
  "faults/accepted-work",
  "api/docs/docs",
  "api/graphql/authorization-property",
  "api/backup/restore",
  "api/database/migrations",
  "cluster/instances",
  "faults/crash",
  "faults/callback-crash",
].map((name) => `/${name}.test.ts`);

module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => longest.findIndex((name) => path.endsWith(name)) >>> 0;
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
