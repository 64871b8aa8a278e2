/** Runs the statement of its first argument on the server at TEST_DATABASE_URL. */
import { createConnection } from "mysql2/promise";

const connection = await createConnection(process.env.TEST_DATABASE_URL);
await connection.query(process.argv[2]);
await connection.end();
