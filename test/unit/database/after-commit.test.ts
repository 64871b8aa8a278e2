import { join } from "node:path";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/entities";
import { App } from "../../../src/domain/app/app.entity";
import { Database } from "../../../src/platform/database/database";
import { sqlOn } from "../../support/database";
import { useFolder } from "../../support/folder";
import { node } from "../../support/node";

const folder = useFolder();
let db: Database;
let effects: string[];
beforeEach(async () => {
  db = await Database.open(config(), entities);
  effects = [];
});
afterEach(() => db.close());

const config = () => readConfig({ DATA_DIR: join(folder.path, "data") }).database;
const app = (name: string) => ({ id: name, name, description: "", createdAt: new Date(), updatedAt: new Date() });
/** Reads over a separate connection, which sees committed rows only. */
const committedNames = async () =>
  (await sqlOn(config(), "SELECT name FROM app ORDER BY name")).map(({ name }) => name);

/** SQLite reports this while another process holds the file; the transaction is then retried. */
const busy = () => Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });

test("effects run after the commit, in the order of their registration", async () => {
  let names: Promise<unknown[]> | undefined;
  const result = await db.transaction(async (manager, afterCommit) => {
    afterCommit(() => effects.push("first"));
    await manager.insert(App, app("one"));
    afterCommit(() => {
      effects.push("second");
      names = committedNames();
    });
    expect(effects).toEqual([]);
    return "result";
  });
  expect(result).toBe("result");
  expect(effects).toEqual(["first", "second"]);
  expect(await names).toEqual(["one"]);
});

test("effects of a transaction that is rolled back never run", async () => {
  const refused = db.transaction(async (manager, afterCommit) => {
    afterCommit(() => effects.push("refused"));
    await manager.insert(App, app("refused"));
    throw new Error("refused");
  });
  await expect(refused).rejects.toThrow("refused");
  await db.transaction(async (manager, afterCommit) => {
    await manager.insert(App, app("two"));
    afterCommit(() => effects.push("two"));
  });
  expect(effects).toEqual(["two"]);
  expect(await committedNames()).toEqual(["two"]);
});

test("a retried transaction runs the effects of its last attempt only, and once", async () => {
  let attempts = 0;
  await db.transaction(async (manager, afterCommit) => {
    const attempt = ++attempts;
    afterCommit(() => effects.push(`attempt ${attempt}`));
    await manager.insert(App, app("one"));
    if (attempt < 3) throw busy();
  });
  expect(attempts).toBe(3);
  expect(effects).toEqual(["attempt 3"]);
  expect(await committedNames()).toEqual(["one"]);
});

test("an effect that throws fails neither the committed transaction nor the effects after it, and is emitted as a warning", async () => {
  const emitWarning = jest.spyOn(node.process, "emitWarning").mockReturnValue();
  const result = await db.transaction(async (manager, afterCommit) => {
    afterCommit(() => {
      throw new Error("faulty effect");
    });
    afterCommit(() => effects.push("next"));
    await manager.insert(App, app("one"));
    return "result";
  });
  expect(result).toBe("result");
  expect(effects).toEqual(["next"]);
  expect(await committedNames()).toEqual(["one"]);
  expect(emitWarning.mock.calls).toEqual([[new Error("faulty effect")]]);
  emitWarning.mockRestore();
});

test("a transaction can start from an effect of another", async () => {
  let next: Promise<unknown> | undefined;
  await db.transaction(async (manager, afterCommit) => {
    await manager.insert(App, app("one"));
    afterCommit(() => {
      next = db.transaction((again) => again.insert(App, app("two")));
    });
  });
  await next;
  expect(await committedNames()).toEqual(["one", "two"]);
});
