const { join } = require("node:path");
const { projects } = require("../../jest.config.js");

const api = projects.find(({ displayName }) => displayName === "api");

/** The tests in a browser, one file after the other. They test the built console on the built server. */
module.exports = {
  ...api,
  rootDir: join(__dirname, "../.."),
  displayName: "console",
  testTimeout: 60_000,
  roots: ["<rootDir>/console/e2e"],
  testPathIgnorePatterns: process.env["SCREENSHOTS"] ? [] : ["/screenshots\\.test\\.ts$"],
  transform: {
    ...api.transform,
    "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/console/e2e/tsconfig.json" }],
  },
};
