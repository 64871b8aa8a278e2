const { availableParallelism } = require("node:os");
const { dependencies } = require("./package.json");

const hasDatabaseServer = Boolean(process.env["TEST_DATABASE_URL"]);
const hasCluster = hasDatabaseServer && Boolean(process.env["TEST_REDIS_URL"]);
if (!process.env["JEST_WORKER_ID"]) {
  const leftOut = [
    ...(hasCluster ? [] : ["test/cluster and test/serial/cluster need TEST_DATABASE_URL and TEST_REDIS_URL"]),
    ...(hasDatabaseServer ? [] : ["test/serial/mysql needs TEST_DATABASE_URL"]),
  ];
  for (const reason of leftOut) process.stderr.write(`${reason}, and is left out.\n`);
}

/** The packages of the server, and the packages that only tests use. */
const packages = [...Object.keys(dependencies), "@modelcontextprotocol/sdk", "fast-check", "supertest"];
const loadByNode = "<rootDir>/test/support/load-by-node.js";

/** Tests are TypeScript, and test the built server, so that its processes and its start-up are the real ones. */
const project = (name, folders, options = {}) => ({
  displayName: name,
  rootDir: __dirname,
  roots: folders.map((folder) => `<rootDir>/test/${folder}`),
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  setupFiles: ["<rootDir>/test/support/setup.ts"],
  globalSetup: "<rootDir>/test/support/build.ts",
  transform: {
    "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }],
    "/dist/(src/.+|ormconfig)\\.js$": loadByNode,
    [`/node_modules/(${packages.join("|")})/.+\\.c?js$`]: loadByNode,
  },
  // Jest transforms the modules of its runners too, and fails at those that it transforms with.
  transformIgnorePatterns: [`/node_modules/(?!(?:${packages.join("|")})/)`, "/serial-runner\\.js$"],
  moduleNameMapper: {
    "^(?:\\.\\./)+src/(.*)$": "<rootDir>/dist/src/$1",
    "^(?:\\.\\./)+ormconfig$": "<rootDir>/dist/ormconfig",
  },
  ...options,
});

const unlessCluster = hasCluster ? [] : ["/test/serial/cluster/"];
const unlessDatabaseServer = hasDatabaseServer ? [] : ["/test/serial/mysql/"];

module.exports = {
  projects: [
    project("unit", ["unit"]),
    project("api", ["api"]),
    project("faults", ["faults"]),
    ...(hasCluster ? [project("cluster", ["cluster"])] : []),
    // Tests that measure how soon something happens run one file at a time.
    project("serial", ["serial"], {
      testPathIgnorePatterns: [...unlessCluster, ...unlessDatabaseServer],
      runner: "<rootDir>/test/support/serial-runner.js",
    }),
  ],
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // Tests spend a third of their time waiting, so more workers than cores keep the cores busy.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 60_000,
};
