module.exports = { "users-permissions": { config: { jwtSecret: "the-jwt-secret-of-the-benchmark" } } };
