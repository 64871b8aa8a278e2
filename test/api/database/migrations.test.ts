import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { DataSource, type EntityMetadata } from "typeorm";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/entities";
import { createDataSource } from "../../../src/platform/database/data-source";
import { migrations } from "../../../src/platform/database/migrations";
import { type Environment, type TestProcess, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";

const processes = useProcesses();
const names = migrations.map((Migration) => new Migration().name);

const migrated = async (server: TestProcess) =>
  (await server.sql("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);

describe("several processes that start concurrently on an empty database", () => {
  test("migrate it once and share one administrator's key; servers without Redis leave it to one of them", async () => {
    const fresh = await processes.freshAndEmpty();
    const servers = Array.from({ length: 4 }, () => processes.run(fresh));
    await Promise.all(servers.map((server) => server.ready().catch(() => undefined)));

    const [serving, ...more] = servers.filter(({ exit }) => exit === null);
    expect(more).toEqual([]);
    for (const { exit, stderr } of servers.filter((server) => server !== serving)) {
      expect(exit).toBe(1);
      expect(stderr).toMatch(/Another server works on the same data/);
    }
    expect(await migrated(serving as TestProcess)).toEqual(names);
    await serving?.newApp();
    expect(await readdir(fresh.DATA_DIR)).toEqual(expect.not.arrayContaining([expect.stringMatching(/^admin\.key./)]));
  });

  if (process.env["TEST_DATABASE_URL"] && process.env["TEST_REDIS_URL"]) {
    test("migrate it once, share one administrator's key, and all serve if they share Redis", async () => {
      const shared = { REDIS_URL: process.env["TEST_REDIS_URL"] ?? "", REDIS_PREFIX: `test-${randomUUID()}` };
      const fresh = { ...(await processes.freshAndEmpty()), ...shared };
      const servers = Array.from({ length: 4 }, () => processes.run(fresh));
      await Promise.all(servers.map((server) => server.ready()));

      const apps = await Promise.all(servers.map((server) => server.newApp()));
      const query = `{ apps { nodes { id } } }`;
      for (const server of servers) {
        expect(await migrated(server)).toEqual(names);
        const { nodes } = (await server.admin.data(query)).apps;
        expect(nodes.map(({ id }: { id: string }) => id).sort()).toEqual(apps.map(({ id }) => id).sort());
      }
    });
  }
});

if (process.env["TEST_DATABASE_URL"] === undefined) {
  test("a process waits for the migration of another one, and does not repeat it", async () => {
    const fresh = await processes.freshAndEmpty();
    await mkdir(fresh.DATA_DIR);
    const other = await createDataSource(readConfig(fresh).database, entities);
    await other.initialize();
    await other.query("BEGIN IMMEDIATE");
    const server = processes.run(fresh);
    await eventually(() => existsSync(join(fresh.DATA_DIR, "admin.key")));
    // Long enough to reach the database; otherwise it finds the migrated schema.
    await delay(500);
    await other.runMigrations({ transaction: "none" });
    await other.query("COMMIT");
    await other.destroy();

    await (await server.ready()).newApp();
    expect(await migrated(server)).toEqual(names);
  });
}

/** Tables that are read and written by statements of their own, which add to counters. */
const withoutEntities = ["usage_requests", "usage_runs", "usage_start"];

describe("the migration script", () => {
  test("creates the schema that the server starts on, in a directory that only its owner can read", async () => {
    const fresh = await processes.freshAndEmpty();
    const script = await migrate(fresh);
    expect([script.exit, script.stderr]).toEqual([0, ""]);
    expect(script.stdout).toContain("up to date");
    if (!fresh["DATABASE_URL"]) expect((await stat(fresh.DATA_DIR)).mode & 0o777).toBe(0o700);

    const server = await processes.serve(fresh);
    expect(await migrated(server)).toEqual(names);
    await server.newApp();
  });

  test("does not disturb a running server", async () => {
    const server = await processes.serve(await processes.freshAndEmpty());
    const app = await server.newApp();
    const migrating = Promise.all([migrate(server.environment), migrate(server.environment)]);
    const isOver = migrating.then(() => true);
    const ids: string[] = [];
    do ids.push(await app.agent());
    while (!(await Promise.race([isOver, setImmediate(false)])));

    for (const script of await migrating) expect([script.exit, script.stderr]).toEqual([0, ""]);
    expect(await migrated(server)).toEqual(names);
    const { agents } = await server.admin.data(`query ($appId: ID!) { agents(appId: $appId) { totalCount } }`, {
      appId: app.id,
    });
    expect(agents.totalCount).toBe(ids.length);
  });

  test("reports a problem of the configuration or the database in one line", async () => {
    const { DATA_DIR } = await processes.freshAndEmpty();
    for (const [DATABASE_URL, message] of [
      ["postgres://localhost/x", /DATABASE_URL must begin with mysql:/],
      ["mysql://root@127.0.0.1:1/x", /DATABASE_URL.*ECONNREFUSED/],
    ] as const) {
      const script = await migrate({ DATA_DIR, DATABASE_URL });
      expect([script.exit, script.stdout]).toEqual([1, ""]);
      expect(script.stderr).toMatch(/^The database could not be migrated\. /);
      expect(script.stderr).toMatch(message);
      expect(script.stderr).not.toMatch(/^ +at /m);
    }
    expect(await readdir(dirname(DATA_DIR))).toEqual([]);
  });

  async function migrate(environment: Environment): Promise<TestProcess> {
    const script = processes.run(environment, "migrate");
    await script.exited;
    return script;
  }
});

test("TypeORM's command line finds the database and the migrations by ormconfig", async () => {
  const fresh = await processes.freshAndEmpty();
  const show = async () => {
    const cli = [require.resolve("typeorm/cli.js"), "migration:show", "-d", "dist/ormconfig.js"];
    return (await promisify(execFile)(process.execPath, cli, { env: fresh })).stdout;
  };
  expect(await show()).toContain(`[ ] ${names[0]}`);
  await (await processes.serve(fresh)).end();
  expect(await show()).toMatch(new RegExp(`^.*\\[X\\] .*${names[0]}$`, "m"));
});

describe("the schema", () => {
  let data: DataSource;
  beforeEach(async () => {
    data = await createDataSource(readConfig(await processes.freshAndEmpty()).database, entities);
    await data.initialize();
    await data.runMigrations({ transaction: "none" });
  });
  afterEach(() => data.destroy());

  test("is the same after all migrations were reverted and run again, and is empty in between", async () => {
    const before = await schemaOf(data);
    for (const name of [...names].reverse()) {
      await data.undoLastMigration({ transaction: "none" });
      expect(await data.query("SELECT name FROM migrations WHERE name = ?", [name])).toHaveLength(0);
    }
    expect(Object.keys(await schemaOf(data))).toEqual([]);
    await data.runMigrations({ transaction: "none" });
    expect(await schemaOf(data)).toEqual(before);
    const tables = Object.keys(before).filter((name) => String(before[name]).startsWith("CREATE TABLE"));
    const ofEntities = data.entityMetadatas.map(({ tableName }) => tableName);
    expect(tables).toEqual([...ofEntities, ...withoutEntities].sort());
  });

  test("has exactly the columns of the entities, and generated columns", async () => {
    for (const entity of data.entityMetadatas) {
      const expected = declaredColumnsOf(entity);
      const all = await columnsOf(data, entity.tableName);
      const actual = all.filter(({ name, isGenerated }) => !isGenerated || expected.some((each) => each.name === name));
      expect({ [entity.tableName]: actual }).toEqual({ [entity.tableName]: expected });
    }
  });
});

const isSqlite = (data: DataSource) => data.options.type === "better-sqlite3";

/** The statements that create all tables, except the one of TypeORM, with their indexes. */
async function schemaOf(data: DataSource): Promise<Record<string, unknown>> {
  if (isSqlite(data)) {
    const rows: { name: string; sql: string }[] = await data.query(
      `SELECT tbl_name AS name, GROUP_CONCAT(sql, ';') AS sql
       FROM (SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name)
       WHERE tbl_name <> 'migrations' GROUP BY tbl_name ORDER BY name`,
    );
    return Object.fromEntries(rows.map(({ name, sql }) => [name, sql]));
  }
  const tables: { name: string }[] = await data.query(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'migrations' ORDER BY name",
  );
  const entries = tables.map(async ({ name }) => {
    const [row] = await data.query(`SHOW CREATE TABLE \`${name}\``);
    return [name, row["Create Table"]] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

interface Column {
  readonly name: string;
  readonly family: string;
  /** The number of characters, or of digits of a fractional second. */
  readonly length: number | undefined;
  readonly isNullable: boolean;
  /** Whether the database computes the value. */
  readonly isGenerated: boolean;
}

const sorted = (columns: Column[]) => columns.sort((one, other) => (one.name < other.name ? -1 : 1));

async function columnsOf(data: DataSource, table: string): Promise<Column[]> {
  const rows: { name: string; type: string; isNullable: unknown; isGenerated: unknown }[] = await data.query(
    isSqlite(data)
      ? `SELECT name, type, "notnull" = 0 AS isNullable, hidden > 0 AS isGenerated FROM pragma_table_xinfo('${table}')`
      : `SELECT column_name AS name, column_type AS type, is_nullable = 'YES' AS isNullable,
           extra LIKE '%GENERATED%' AS isGenerated
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '${table}'`,
  );
  return sorted(
    rows.map(({ name, type, isNullable, isGenerated }) => {
      const [, word = "", length] = /^(\w+)(?:\((\d+)\))?/.exec(type.toLowerCase()) ?? [];
      return columnOf(name, word, Number(length), isNullable, isGenerated);
    }),
  );
}

const declaredColumnsOf = ({ columns }: EntityMetadata): Column[] =>
  sorted(
    columns.map(({ databaseName: name, type, length, precision, isNullable, isInsert, isUpdate }) =>
      // TypeORM maps a list to a text of any length; these lists hold a few names.
      type === "simple-array"
        ? columnOf(name, "varchar", 255, isNullable, !isInsert && !isUpdate)
        : columnOf(name, String(type), precision ?? Number(length), isNullable, !isInsert && !isUpdate),
    ),
  );

function columnOf(name: string, type: string, size: number, isNullable: unknown, isGenerated: unknown): Column {
  const family = families[type] ?? type;
  const length = ["characters", "datetime"].includes(family) ? size : undefined;
  // MySQL returns a number.
  return { name, family, length, isNullable: Number(isNullable) === 1, isGenerated: Number(isGenerated) === 1 };
}

const families: Readonly<Record<string, string>> = {
  char: "characters",
  varchar: "characters",
  text: "text",
  longtext: "text",
  "simple-json": "text",
  binary: "bytes",
  blob: "bytes",
};
