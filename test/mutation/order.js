/** The tests that look into who may do what, and what revoking does, within one process: the quickest first. */
exports.order = [
  "secret",
  "permissions",
  "require",
  "credential",
  "administration",
  "isolation",
  "checker",
  "access",
  "streams",
  "sse",
  "bounds",
  "verdict-property",
];
