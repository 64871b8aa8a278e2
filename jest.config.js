const { availableParallelism } = require("node:os");
const { dependencies } = require("./package.json");

const hasDatabaseServer = Boolean(process.env["TEST_DATABASE_URL"]);
const hasCluster = hasDatabaseServer && Boolean(process.env["TEST_REDIS_URL"]);
const hasS3 = hasDatabaseServer || process.env["TEST_S3"] === "on";
if (!process.env["JEST_WORKER_ID"]) {
  const leftOut = [
    ...(hasS3 ? [] : ["test/api/s3 without TEST_S3=on or TEST_DATABASE_URL"]),
    ...(hasDatabaseServer ? [] : ["test/serial/mysql without TEST_DATABASE_URL"]),
    ...(hasCluster ? [] : ["test/cluster and test/serial/cluster without TEST_DATABASE_URL and TEST_REDIS_URL"]),
  ];
  if (leftOut.length > 0) process.stderr.write(`Left out: ${leftOut.join("; ")}.\n`);
}

/** The packages of the server, and the packages that only tests use. */
const packages = [
  ...Object.keys(dependencies).filter((name) => name !== "typescript"),
  "@apollo/client",
  "@graphql-codegen/core",
  "@graphql-codegen/typescript-operations",
  "@modelcontextprotocol/sdk",
  "@urql/core",
  "fast-check",
  "graphql-http",
  "relay-runtime",
  "supertest",
];
const loadByNode = "<rootDir>/test/support/load-by-node.js";

/** Tests are TypeScript, and test the built server, so that its processes and its start-up are the real ones. */
const project = (name, folders, options = {}) => ({
  displayName: name,
  rootDir: __dirname,
  roots: folders.map((folder) => `<rootDir>/test/${folder}`),
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  setupFiles: ["<rootDir>/test/support/setup.ts"],
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
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

/** Folders of test/api whose tests touch neither the database's dialect nor its time-outs, and run once. */
const anyDatabase = ["cli", "docs", "graphql", "http", "model", "retrieval", "streams", "suites"];
const allOf = (folders) => folders.map((folder) => `/test/api/${folder}/`);

/** Tests that run with documents in a folder on SQLite, and with documents in S3 on a database server. */
const onFolder = [
  "/test/api/document/(documents|downloads|processing|storage-sweep)\\.test\\.ts$",
  "/test/faults/accepted-work\\.test\\.ts$",
];
/** With several instances, test/cluster/kill takes the place of the test that kills a single server. */
const replaced = hasCluster ? [...onFolder, "/test/faults/kill\\.test\\.ts$"] : [];

module.exports = {
  projects: [
    project("unit", ["unit"]),
    // What the console does without a browser. Its tests with one are in console/e2e.
    {
      displayName: "console-unit",
      rootDir: __dirname,
      roots: ["<rootDir>/console/test"],
      testEnvironment: "node",
      transform: {
        "^.+\\.tsx?$": [
          "ts-jest",
          {
            tsconfig: {
              target: "ES2022",
              module: "commonjs",
              jsx: "react-jsx",
              esModuleInterop: true,
              isolatedModules: true,
            },
          },
        ],
      },
    },
    project(
      "api-any-database",
      anyDatabase.map((folder) => `api/${folder}`),
    ),
    project("api", ["api"], { testPathIgnorePatterns: [...allOf([...anyDatabase, "s3"]), ...replaced] }),
    // Like the folders above, on SQLite alone.
    project("clients", ["clients"]),
    project("faults", ["faults"], { testPathIgnorePatterns: replaced }),
    project("attack", ["attack"]),
    ...(hasS3 ? [project("s3", ["api/s3"])] : []),
    ...(hasCluster ? [project("cluster", ["cluster"])] : []),
    // Tests that measure how soon something happens run one file at a time.
    project("serial", ["serial"], {
      testPathIgnorePatterns: ["/test/serial/(cluster|mysql)/"],
      runner: "<rootDir>/test/support/serial-runner.js",
    }),
    ...(hasDatabaseServer
      ? [
          project("serial-database", ["serial/mysql", ...(hasCluster ? ["serial/cluster"] : [])], {
            runner: "<rootDir>/test/support/serial-runner.js",
          }),
        ]
      : []),
  ],
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // The servers are processes of their own, so a worker for each core keeps the cores busy.
  maxWorkers: availableParallelism(),
  // A busy machine takes several times as long as an idle one.
  testTimeout: 300_000,
};
