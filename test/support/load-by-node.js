/**
 * Lets Node.js load the built server and the packages once per process, as in production. Jest would load them again, into
 * a separate realm, for each test file.
 */
module.exports = {
  process(_source, path) {
    const file = JSON.stringify(path);
    const nodeProcess = `require("node:vm").runInThisContext("process")`;
    return {
      code: `module.exports = ${nodeProcess}.getBuiltinModule("node:module").createRequire(${file})(${file});`,
    };
  },
  getCacheKey: (_source, path) => `by Node.js: ${path}`,
};
