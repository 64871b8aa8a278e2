const { availableParallelism } = require("node:os");
const { dependencies } = require("./package.json");

/** What several instances share: a database that they can share, and Redis. */
const isShared = Boolean(process.env["TEST_REDIS_URL"] && process.env["TEST_DATABASE_URL"]);
if (!isShared && !process.env["JEST_WORKER_ID"]) {
  process.stderr.write(
    "The tests of several instances (*.redis.test.ts) need TEST_REDIS_URL and TEST_DATABASE_URL, and are left out.\n",
  );
}

/** What a database does that is reached by a network, which SQLite is not. */
const isReached = Boolean(process.env["TEST_DATABASE_URL"]);
if (!isReached && !process.env["JEST_WORKER_ID"]) {
  process.stderr.write(
    "The tests of a database that goes away (*.mysql.test.ts) need TEST_DATABASE_URL, and are left out.\n",
  );
}

/** Tests that are there twice: with a store that speaks S3 in `test/s3`. */
const onS3 = ["document", "download", "nothing-lost", "processing", "storage-sweep"];

/** What the server is made of, and what tests use beside it. */
const packages = [...Object.keys(dependencies), "@modelcontextprotocol/sdk", "fast-check", "supertest"];
const byNode = "<rootDir>/test/support/load-by-node.js";

/** What can't be run, or need not be. */
const leftOut = [
  // With all of them, the tests of several instances take the place of the one that kills a server alone, and those of
  // documents are run with a store that speaks S3 and not with a folder as well.
  ...(isShared ? ["/kill\\.test\\.ts$", `/test/(${onS3.join("|")})\\.test\\.ts$`] : ["\\.redis\\.test\\.ts$"]),
  ...(isReached ? [] : ["\\.mysql\\.test\\.ts$"]),
];

/** Tests are TypeScript; what they test is the built server, so that worker threads and start-up are the real ones. */
const project = {
  rootDir: __dirname,
  testEnvironment: "node",
  setupFiles: ["<rootDir>/test/support/setup.ts"],
  globalSetup: "<rootDir>/test/support/build.ts",
  transform: {
    "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }],
    "/dist/(src/.+|ormconfig)\\.js$": byNode,
    [`/node_modules/(${packages.join("|")})/.+\\.c?js$`]: byNode,
  },
  // Jest transforms what its runner is made of too, and fails where it comes to what it transforms with.
  transformIgnorePatterns: [`/node_modules/(?!(?:${packages.join("|")})/)`, "/one-at-a-time\\.js$"],
  moduleNameMapper: {
    "^(?:\\.\\./)+src/(.*)$": "<rootDir>/dist/src/$1",
    "^(?:\\.\\./)+ormconfig$": "<rootDir>/dist/ormconfig",
  },
};

module.exports = {
  projects: [
    {
      ...project,
      roots: ["<rootDir>/test"],
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: [...leftOut, "/test/alone/"],
    },
    // How soon something is done can be told only where nothing is done beside it.
    {
      ...project,
      roots: ["<rootDir>/test/alone"],
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: leftOut,
      runner: "<rootDir>/test/support/one-at-a-time.js",
    },
  ],
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // Tests wait for a third of their time, so that there are more of them at once than cores.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 60_000,
};
