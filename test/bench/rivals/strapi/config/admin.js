/** The administration panel is not served, so that it need not be built. */
module.exports = {
  serveAdminPanel: false,
  auth: { secret: "the-secret-of-the-benchmark" },
  apiToken: { salt: "the-salt-of-the-benchmark", secrets: { encryptionKey: "the-encryption-key-of-the-benchmark" } },
  transfer: { token: { salt: "another-salt-of-the-benchmark" } },
};
