/** Tests are TypeScript; what they test is the built server, so that worker threads and start-up are the real ones. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  globalSetup: "<rootDir>/test/support/build.ts",
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] },
  moduleNameMapper: {
    "^(?:\\.\\./)+src/(.*)$": "<rootDir>/dist/src/$1",
    "^(?:\\.\\./)+ormconfig$": "<rootDir>/dist/ormconfig",
  },
  testTimeout: 30_000,
};
