import { join } from "node:path";
import { sqliteAdapter } from "@payloadcms/db-sqlite";
import { buildConfig } from "payload";

const isUser = ({ req }) => Boolean(req.user);

export default buildConfig({
  secret: "the-secret-of-the-benchmark",
  telemetry: false,
  db: sqliteAdapter({
    client: { url: `file:${join(process.env.DATA_DIR ?? ".", "payload.db")}` },
    idType: "uuid",
    wal: true,
  }),
  typescript: { autoGenerate: false },
  collections: [
    { slug: "users", auth: { useAPIKey: true, disableLocalStrategy: true }, fields: [] },
    {
      slug: "agents",
      access: { read: isUser, create: isUser },
      fields: [
        { name: "name", type: "text", required: true, unique: true },
        { name: "description", type: "text", defaultValue: "" },
        { name: "instructions", type: "text", defaultValue: "" },
        { name: "model", type: "text", defaultValue: "builtin:extractive" },
        { name: "version", type: "number", defaultValue: 1 },
      ],
    },
  ],
});
