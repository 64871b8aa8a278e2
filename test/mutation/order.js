/** The tests that look into who may do what, and what revoking does: the quickest first. */
module.exports = [
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
  "websocket",
  "upload-revoked",
  "revoked-elsewhere.redis",
  "streams-unjudged.redis",
  "bounds",
  "verdict-property",
];
