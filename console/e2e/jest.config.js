const { availableParallelism } = require("node:os");
const { join } = require("node:path");
const { projects } = require("../../jest.config.js");

const api = projects.find(({ displayName }) => displayName === "api");

const base = {
  ...api,
  rootDir: join(__dirname, "../.."),
  roots: ["<rootDir>/console/e2e"],
  transform: {
    ...api.transform,
    "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/console/e2e/tsconfig.json" }],
  },
};
const timed = "/loading\\.test\\.ts$";
const pictures = process.env["SCREENSHOTS"] ? [] : ["/screenshots\\.test\\.ts$"];

/** The tests in a browser, of the built console on the built server. Those that measure a time run after the others. */
module.exports = {
  projects: [
    { ...base, displayName: "console", testPathIgnorePatterns: [timed, ...pictures] },
    {
      ...base,
      displayName: "console-serial",
      testMatch: ["**/loading.test.ts"],
      testPathIgnorePatterns: [],
      runner: "<rootDir>/test/support/serial-runner.js",
    },
  ],
  testSequencer: join(__dirname, "../../test/support/sequencer.js"),
  maxWorkers: availableParallelism(),
  testTimeout: 60_000,
};
