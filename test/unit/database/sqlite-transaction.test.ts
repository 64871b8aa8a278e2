import { join } from "node:path";
import type { EntityManager } from "typeorm";
import { App } from "../../../src/domain/app/app.entity";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/container";
import { Database } from "../../../src/platform/database/database";
import { sqlOn } from "../../support/database";
import { useFolder } from "../../support/folder";

const folder = useFolder();
let db: Database;
beforeEach(async () => {
  db = await Database.open(config(), entities);
});
afterEach(() => db.close());

const config = () => readConfig({ DATA_DIR: join(folder.path, "data") }).database;
const app = (name: string) => ({ id: name, name, description: "", createdAt: new Date(), updatedAt: new Date() });
const add = (name: string) => db.transaction((manager) => manager.insert(App, app(name)));
/** As it is on the disk: over a connection of its own. */
const kept = async () => (await sqlOn(config(), "SELECT name FROM app ORDER BY name")).map(({ name }) => name);

const refuse = (before: (manager: EntityManager) => Promise<unknown>) =>
  db.transaction(async (manager) => {
    await before(manager);
    throw new Error("refused");
  });

test("after SQLite has taken a transaction back by itself, as where the disk is full, what follows is kept", async () => {
  await expect(refuse((manager) => manager.query("ROLLBACK"))).rejects.toThrow("refused");
  await add("one");
  await expect(refuse((manager) => manager.insert(App, app("refused")))).rejects.toThrow("refused");
  await add("two");
  expect(await kept()).toEqual(["one", "two"]);
});
