/** What several instances share: a database that they can share, and Redis. */
const isShared = Boolean(process.env["TEST_REDIS_URL"] && process.env["TEST_DATABASE_URL"]);
if (!isShared && !process.env["JEST_WORKER_ID"]) {
  process.stderr.write(
    "The tests of several instances (test/*.redis.test.ts) need TEST_REDIS_URL and TEST_DATABASE_URL, and are left out.\n",
  );
}

/** Tests are TypeScript; what they test is the built server, so that worker threads and start-up are the real ones. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: isShared ? [] : ["\\.redis\\.test\\.ts$"],
  globalSetup: "<rootDir>/test/support/build.ts",
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] },
  moduleNameMapper: {
    "^(?:\\.\\./)+src/(.*)$": "<rootDir>/dist/src/$1",
    "^(?:\\.\\./)+ormconfig$": "<rootDir>/dist/ormconfig",
  },
  testTimeout: 30_000,
};
