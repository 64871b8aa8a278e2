const { join } = require("node:path");

module.exports = {
  connection: {
    client: "sqlite",
    connection: { filename: join(process.env.DATA_DIR, "strapi.db") },
    useNullAsDefault: true,
    pool: {
      afterCreate: (connection, done) => {
        connection.pragma("journal_mode = WAL");
        connection.pragma("synchronous = FULL");
        done(null, connection);
      },
    },
  },
};
