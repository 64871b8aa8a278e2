/** Creates the tables and a user with an API key, which only happens outside of production, and prints the key. */
import { randomUUID } from "node:crypto";
import { getPayload } from "payload";
import config from "./payload.config.mjs";

const payload = await getPayload({ config });
const apiKey = randomUUID();
await payload.create({ collection: "users", data: { enableAPIKey: true, apiKey } });
process.stdout.write(`key ${apiKey}`, () => process.exit(0));
