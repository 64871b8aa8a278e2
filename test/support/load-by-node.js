/**
 * Has Node.js itself load the built server and the packages, instead of Jest, which would load them anew, and into a
 * realm of its own, for each file of tests. So they are loaded once in a process, as they are in production.
 */
module.exports = {
  process(_source, path) {
    const file = JSON.stringify(path);
    const node = `require("node:vm").runInThisContext("process")`;
    return {
      code: `module.exports = ${node}.getBuiltinModule("node:module").createRequire(${file})(${file});`,
    };
  },
  getCacheKey: (_source, path) => `by Node.js: ${path}`,
};
