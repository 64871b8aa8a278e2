import "reflect-metadata";
import { readConfig } from "./src/config";
import { entities } from "./src/entities";
import { createDataSource } from "./src/platform/database/data-source";

/** For TypeORM's command line, on what it is built to: `npx typeorm migration:show -d dist/ormconfig.js`. */
export default createDataSource(readConfig(process.env).database, entities);
