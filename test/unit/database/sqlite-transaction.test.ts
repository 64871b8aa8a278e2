import { join } from "node:path";
import type { EntityManager } from "typeorm";
import { App } from "../../../src/domain/app/app.entity";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/entities";
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
/** Reads over a separate connection, which sees committed rows only. */
const committedNames = async () =>
  (await sqlOn(config(), "SELECT name FROM app ORDER BY name")).map(({ name }) => name);

const fail = (work: (manager: EntityManager) => Promise<unknown>) =>
  db.transaction(async (manager) => {
    await work(manager);
    throw new Error("failed");
  });

test("transactions are committed after SQLite rolled one back by itself, as it does if the disk is full", async () => {
  await expect(fail((manager) => manager.query("ROLLBACK"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await add("one");
  await expect(fail((manager) => manager.insert(App, app("failed")))).rejects.toThrow("failed");
  await add("two");
  expect(await committedNames()).toEqual(["one", "two"]);
});
