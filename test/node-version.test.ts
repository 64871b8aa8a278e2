import { checkNodeVersion } from "../src/node-version";

test.each(["20.19.0", "22.23.3"])("Node.js %s can be used", (version) => {
  expect(() => checkNodeVersion(version)).not.toThrow();
});

test.each(["24.0.0", "24.21.0", "26.1.0"])("Node.js %s is refused, with one that can be used", (version) => {
  expect(() => checkNodeVersion(version)).toThrow(`Node.js ${version} can't be used`);
  expect(() => checkNodeVersion(version)).toThrow("Use Node.js 20 or 22.");
});
