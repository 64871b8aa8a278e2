import { writeFileSync } from "node:fs";
import { readConfig } from "../config";
import { createSchema, printedSchema } from "../api/graphql/schema";

/** Writes `schema.graphql`, the schema of the public API. */
writeFileSync("schema.graphql", printedSchema(createSchema(readConfig({}).limits)));
