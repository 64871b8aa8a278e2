/** The table of the bare server's agents, and its columns in the order of their values. */
export const table = `CREATE TABLE agent (
  id CHAR(36) PRIMARY KEY, name VARCHAR(120) NOT NULL UNIQUE, description TEXT NOT NULL, instructions TEXT NOT NULL,
  model TEXT NOT NULL, version INT NOT NULL, createdAt TEXT NOT NULL
)`;
export const columns = "id, name, description, instructions, model, version, createdAt";
