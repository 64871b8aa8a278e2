import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { readConfig } from "../../../src/config";
import { asStartupError } from "../../../src/platform/process/startup-error";
import { type Environment, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { inShell } from "../../support/shell";

const processes = useProcesses();
const adminKey = "a-custom-administrators-key";

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("an invalid configuration", () => {
  test("is reported completely, one line per problem, without values, and nothing is created", async () => {
    const fresh = await processes.fresh();
    const secret = "hunter2";
    const server = processes.run({
      ...fresh,
      PORT: `${secret}1`,
      LOG_LEVEL: `${secret}2`,
      ADMIN_KEY: `${secret}3`,
      REDIS_URL: `http://user:${secret}4@localhost`,
      DATABASE_URL: `postgres://user:${secret}5@localhost/name`,
      MAX_DEPTH: `-${secret}6`,
      MAX_BODY_BYTES: "1e6",
    });
    await server.exited;

    expect(server.exit).toBe(1);
    expect(server.stdout).toBe("");
    const [headline, ...problems] = server.stderr.trimEnd().split("\n");
    expect(headline).toBe("Latchkey could not start. The configuration is invalid:");
    expect(problems.map((problem) => /^ {2}([A-Z_]+) must .+/.exec(problem)?.[1]).sort()).toEqual([
      "ADMIN_KEY",
      "DATABASE_URL",
      "LOG_LEVEL",
      "MAX_BODY_BYTES",
      "MAX_DEPTH",
      "PORT",
      "REDIS_URL",
    ]);
    expect(server.stderr).not.toContain(secret);
    expect(await readdir(dirname(fresh.DATA_DIR))).toEqual([]);
  });

  test.each<[name: string, invalid: Environment, message: RegExp]>([
    [
      "an administrator's key of 23 characters",
      { ADMIN_KEY: "x".repeat(23) },
      /ADMIN_KEY must have at least 24 characters/,
    ],
    [
      "an administrator's key that can't be sent in a header",
      { ADMIN_KEY: `${adminKey}\t` },
      /ADMIN_KEY must have only printable/,
    ],
    [
      "Redis with SQLite",
      { REDIS_URL: "redis://localhost:6379" },
      /REDIS_URL must be set only with a DATABASE_URL of MySQL/,
    ],
  ])("is rejected for %s", (_name, invalid, message) => {
    expect(() => readConfig(invalid)).toThrow(message);
  });
});

describe("a start that is not possible ends with one line about", () => {
  let taken: Server;
  beforeAll(() => once((taken = createServer()).listen(0, "127.0.0.1"), "listening"));
  afterAll(() => taken.close());
  const takenPort = () => (taken.address() as AddressInfo).port;

  test.each<[name: string, obstacle: (dataDir: string) => Promise<Environment> | Environment, message: RegExp]>([
    ["a data directory that is a file", fileAt, /DATA_DIR.*EEXIST/],
    ["a data directory that can't be created", () => ({ DATA_DIR: "/dev/null/data" }), /DATA_DIR.*ENOTDIR/],
    ["a database that is a folder", () => ({ DATABASE_URL: "sqlite:/" }), /DATABASE_URL.*unable to open database file/],
    ["a database file that is not a database", invalidDatabaseAt, /DATABASE_URL.*file is not a database/],
    ["a port that is taken", () => ({ PORT: String(takenPort()) }), /PORT.*address already in use/],
    ["an address that this machine does not have", () => ({ HOST: "192.0.2.1" }), /HOST.*address not available/],
    ["a damaged file of the administrator's key", emptyKeyAt, /admin\.key.*24 characters/],
  ])("%s", async (_name, obstacle, message) => {
    const fresh = await processes.fresh();
    const server = processes.run({ ...fresh, LOG_LEVEL: "silent", ...(await obstacle(fresh.DATA_DIR)) });
    await server.exited;

    expect(server.exit).toBe(1);
    expect(server.stdout).toBe("");
    expect(server.stderr).toMatch(/^Latchkey could not start\. .+\n$/);
    expect(server.stderr).toMatch(message);
  });

  test("each address of a host that does not answer", () => {
    const refused = new AggregateError(["::1", "127.0.0.1"].map((address) => new Error(`refused at ${address}`)));
    expect(() => asStartupError("The database can't be used")(refused)).toThrow(
      "The database can't be used: refused at ::1; refused at 127.0.0.1",
    );
  });

  async function fileAt(path: string): Promise<Environment> {
    await writeFile(path, "");
    return {};
  }

  async function invalidDatabaseAt(dataDir: string): Promise<Environment> {
    const path = join(dirname(dataDir), "other.sqlite");
    await writeFile(path, "not a database ".repeat(1_000));
    return { DATABASE_URL: `sqlite:${path}` };
  }

  async function emptyKeyAt(dataDir: string): Promise<Environment> {
    await mkdir(dataDir);
    await writeFile(join(dataDir, "admin.key"), "");
    return {};
  }
});

describe("the administrator's key", () => {
  test("is generated by the first start, is readable by its owner only, and is printed by its path only", async () => {
    const { DATA_DIR, ...more } = await processes.fresh();
    const server = await processes.serve({ DATA_DIR, ...more, LOG_LEVEL: "trace" });
    const file = join(DATA_DIR, "admin.key");

    expect(await modeOf(DATA_DIR)).toBe(0o700);
    expect(await modeOf(file)).toBe(0o600);
    expect(await readdir(DATA_DIR)).toEqual(expect.not.arrayContaining([expect.stringMatching(/^admin\.key./)]));
    const key = (await readFile(file, "utf8")).trim();
    expect(key.length).toBeGreaterThanOrEqual(43);
    expect(server.stdout).toContain(`Admin key  ${file}\n`);
    expect((await server.admin.data(`{ viewer { kind } }`)).viewer.kind).toBe("ADMIN");

    expect(await server.end()).toBe(0);
    expect(server.stdout + server.stderr).not.toContain(key);
  });

  test.each(["data", "it's a folder $(false) \\ `x`"])(
    "works in the printed example call, from the directory %p",
    async (name) => {
      const server = await processes.serve(await processes.fresh(name));
      const [, call = ""] = server.stdout.split("Try it:\n");
      expect(JSON.parse(await inShell(call))).toEqual({
        data: { viewer: { kind: "ADMIN", name: expect.any(String) } },
      });
    },
  );

  test("from the environment is not written to disk, and the printed example call takes it from there", async () => {
    const fresh = await processes.fresh();
    const server = await processes.serve({ ...fresh, ADMIN_KEY: adminKey });
    expect(existsSync(join(fresh.DATA_DIR, "admin.key"))).toBe(false);
    expect(server.stdout + server.stderr).not.toContain(adminKey);
    expect(server.stdout).toContain(`authorization: Bearer $ADMIN_KEY`);
    expect((await server.admin.data(`{ viewer { kind } }`)).viewer.kind).toBe("ADMIN");
  });

  test("is kept by a second start, with all data, and becomes readable by its owner only again", async () => {
    const fresh = await processes.fresh();
    const first = await processes.serve(fresh);
    const key = first.adminKey;
    const app = await first.newApp();
    const holder = await app.key({ agents: "FULL" });
    const id = await app.agent({ name: "Ada" });
    expect(await first.end()).toBe(0);
    await chmod(join(fresh.DATA_DIR, "admin.key"), 0o644);

    const second = await processes.serve(fresh);
    expect(second.adminKey).toBe(key);
    expect(await modeOf(join(fresh.DATA_DIR, "admin.key"))).toBe(0o600);
    expect(await second.as(holder.credential).data(`query ($id: ID!) { agent(id: $id) { name } }`, { id })).toEqual({
      agent: { name: "Ada" },
    });
    expect((await second.admin.data(`query ($id: ID!) { app(id: $id) { id } }`, { id: app.id })).app.id).toBe(app.id);
  });
});

test("a failed maintenance run is logged, deletes nothing else, and does not disturb the server", async () => {
  const fresh = await processes.fresh();
  const folder = join(fresh.DATA_DIR, "documents", "00000000-0000-7000-8000-000000000000");
  await mkdir(join(folder, "not ours"), { recursive: true });
  await utimes(folder, 0, 0);

  const server = await processes.serve(fresh);
  await server.newApp();
  const msg = "a maintenance task failed; retrying in an hour";
  await eventually(() => server.log.some((entry) => entry["msg"] === msg));
  expect(server.log).toContainEqual(expect.objectContaining({ level: "error", msg }));
  expect(await readdir(folder)).toEqual(["not ours"]);
});

test("a server that receives SIGTERM during its start exits immediately", async () => {
  const database = createServer().listen(0, "127.0.0.1");
  await once(database, "listening");
  try {
    const { port } = database.address() as AddressInfo;
    const server = processes.run({ ...(await processes.fresh()), DATABASE_URL: `mysql://root@127.0.0.1:${port}/x` });
    await once(database, "connection");
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.stdout).toBe("");
  } finally {
    database.close();
  }
});

test("a second server on the same port exits, and does not touch the runs of the first", async () => {
  const first = await processes.serve(await processes.fresh());
  const app = await first.newApp();
  const { id } = await app.run({ agentId: await app.agent() });
  await first.sql(`UPDATE run SET status = 'RUNNING', finishedAt = NULL WHERE id = '${id}'`);

  const second = processes.run(first.environment);
  await second.exited;
  expect(second.exit).toBe(1);
  const { run } = await first.admin.data(`query ($id: ID!) { run(id: $id) { status } }`, { id });
  expect(run.status).toBe("RUNNING");
});
