import { randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { useServer } from "./support/server";

const server = useServer();

test("the server starts over more files of documents than one statement can name", async () => {
  const app = await server.current.newApp();
  const folder = join(server.current.dataDir, "documents");
  for (let i = 0; i < 33_000; i++) closeSync(openSync(join(folder, randomUUID()), "w"));
  await server.current.restart();
  expect(await (await app.key()).code(`{ viewer { name } }`)).toBeUndefined();
});
