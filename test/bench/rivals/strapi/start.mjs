/** Strapi with a content type of agents, and an API token that may read and create them. */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

mkdirSync(join(process.env.DATA_DIR, "public", "uploads"), { recursive: true });
const { createStrapi } = createRequire(import.meta.url)("@strapi/strapi");
const strapi = await createStrapi({ appDir: import.meta.dirname, distDir: import.meta.dirname }).start();
const { accessKey } = await strapi.service("admin::api-token").create({
  name: "bench",
  description: "",
  type: "custom",
  lifespan: null,
  permissions: ["find", "findOne", "create"].map((action) => `api::agent.agent.${action}`),
});
const { port } = strapi.server.httpServer.address();
console.log(`http://127.0.0.1:${port}/graphql\nauthorization: Bearer ${accessKey}`);
