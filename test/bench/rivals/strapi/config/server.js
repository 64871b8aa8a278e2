const { join } = require("node:path");

module.exports = {
  host: "127.0.0.1",
  port: 0,
  app: { keys: ["the-key-of-the-benchmark"] },
  dirs: { public: join(process.env.DATA_DIR, "public") },
  logger: { updates: { enabled: false } },
};
