import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { mutations, queries } from "../../support/cross-tenant-arguments";
import { MariaDbServer } from "../../support/mariadb";
import { useReceiver } from "../../support/receiver";
import { TestServer } from "../../support/server";
import { createForeign, createOwn, everythingOf, verifyAnswer } from "../../support/tenant-isolation";

jest.setTimeout(120_000);

const receiver = useReceiver();
let database: MariaDbServer;
beforeAll(async () => {
  database = await MariaDbServer.start();
  // `init_connect` does not apply to users with all rights.
  await database.sql("CREATE USER app@127.0.0.1");
  await database.sql("GRANT ALL ON `latchkey%`.* TO app@127.0.0.1");
  process.env["TEST_DATABASE_URL"] = `mysql://app@127.0.0.1:${database.port}/latchkey`;
});
afterAll(() => database.remove());

/** Runs a test with a server whose database has these settings for new connections and databases. */
async function withServer(
  { mode = "", collation = "utf8mb4_general_ci", environment = {} },
  verify: (server: TestServer) => Promise<void>,
): Promise<void> {
  await database.sql(`SET GLOBAL collation_server = '${collation}', sql_mode = '${mode}'`);
  await database.sql(
    `SET GLOBAL init_connect = "SET NAMES latin1, autocommit = 0, completion_type = 2, sql_mode = '${mode}'", tx_isolation = 'READ-UNCOMMITTED', time_zone = '+05:30'`,
  );
  const server = await TestServer.start({ ...allowHosts("127.0.0.1"), ...environment });
  try {
    await verify(server);
  } finally {
    await server.stop();
  }
}

const modes = [
  ["NO_BACKSLASH_ESCAPES", "utf8mb4_general_ci"],
  ["ANSI_QUOTES", "latin1_swedish_ci"],
  ["PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE", "utf8mb4_unicode_520_ci"],
  ["ANSI", "utf8mb4_bin"],
  ["TRADITIONAL", "utf8mb4_german2_ci"],
  ["ORACLE", "utf8mb3_turkish_ci"],
  ["EMPTY_STRING_IS_NULL,NO_BACKSLASH_ESCAPES,TIME_ROUND_FRACTIONAL", "cp932_japanese_ci"],
  ["NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH,SIMULTANEOUS_ASSIGNMENT", "utf16_general_ci"],
] as const;

test.each(modes)("with the mode %s and the collation %s, apps are isolated from each other", (mode, collation) =>
  withServer({ mode, collation }, async (server) => {
    const app = await server.newApp();
    const foreign = await createForeign(server, receiver.current, app, await app.key());
    const before = await everythingOf(server, app.id);
    const key = await (await server.newApp()).key();
    const reader = await server.newApp();
    const [readerKey, ofReader] = [await reader.key(), await createOwn(reader)];
    for (const row of queries) await verifyAnswer(readerKey, ofReader, foreign, "query", row);
    for (const row of mutations) {
      const own = await server.newApp();
      await verifyAnswer(await own.key(), await createOwn(own), foreign, "mutation", row);
    }
    expect(await everythingOf(server, app.id)).toEqual(before);
    expect(await key.data(`{ agents { totalCount } sessions { totalCount } }`)).toEqual({
      agents: { totalCount: 0 },
      sessions: { totalCount: 0 },
    });
  }),
);

/** Texts that end a literal in one mode or another, or that a connection of another encoding changes. */
const hostile = [
  `\\`,
  `\\' , instructions = 'stolen' -- `,
  `' , instructions = 'stolen' -- `,
  `\\" , instructions = "stolen" -- `,
  `\` , instructions = 'stolen' # `,
  `%_?:x \${x} /*! , instructions = 'stolen' */`,
  `\n\r\t\u001a納屋 🐄 ａ ſ ß`,
  `   spaces at both ends   `,
];

test.each(modes)("with the mode %s and the collation %s, texts are stored as they are sent", (mode, collation) =>
  withServer({ mode, collation }, async (server) => {
    const [app, other] = [await server.newApp(), await server.newApp()];
    const [id, untouched] = [await app.agent(), await other.agent({ instructions: "mine" })];
    const key = await app.key();
    for (const text of hostile) {
      const { updateAgent, createSession } = await key.data(
        `mutation ($id: ID!, $text: String!, $metadata: JSONObject!) {
          updateAgent(input: { id: $id, instructions: $text }) { agent { instructions } }
          createSession(input: { metadata: $metadata }) { session { id metadata createdAt } }
        }`,
        { id, text, metadata: { [text.trim()]: [text, null, 1.5, true] } },
      );
      expect(updateAgent.agent.instructions).toBe(text);
      const { agent, session } = await key.data(
        `query ($id: ID!, $session: ID!) { agent(id: $id) { instructions } session(id: $session) { metadata createdAt } }`,
        { id, session: createSession.session.id },
      );
      expect(agent.instructions).toBe(text);
      expect(session.metadata).toEqual({ [text.trim()]: [text, null, 1.5, true] });
      expect(session.createdAt).toBe(createSession.session.createdAt);
      expect(Math.abs(Date.parse(session.createdAt) - Date.now())).toBeLessThan(60_000);
    }
    const { agent } = await (
      await other.key()
    ).data(`query ($id: ID!) { agent(id: $id) { instructions } }`, {
      id: untouched,
    });
    expect(agent.instructions).toBe("mine");
  }),
);

test("no value of a caller stands in the text of a statement", () =>
  withServer({}, async (server) => {
    await database.sql("SET GLOBAL log_output = 'TABLE'");
    await database.sql("SET GLOBAL general_log = 1");
    const mark = randomUUID();
    const app = await server.newApp();
    const key = await app.key();
    const id = await app.agent({ name: mark, description: mark, instructions: mark });
    await app.run({ agentId: id, text: mark, session: { reference: mark, userReference: mark } });
    await key.data(`query ($mark: ID!) { agents(first: 1) { nodes { name } } session(id: $mark) { id } }`, {
      mark,
    });
    await database.sql("SET GLOBAL general_log = 0");
    const logged = await database.sql(
      `SELECT command_type AS kind, COUNT(*) AS count FROM mysql.general_log WHERE argument LIKE '%${mark}%' GROUP BY command_type`,
    );
    expect(logged).toEqual([{ kind: "Execute", count: expect.any(Number) }]);
  }));

describe("the statements that are prepared on the server", () => {
  const count = async () => Number((await database.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"))[0]?.["Value"]);
  const readAll = async (server: TestServer) => {
    const key = await (await server.newApp()).key();
    // Each size of a page is a statement of its own.
    for (let from = 1; from <= 200; from += 20) {
      for (const list of ["agents", "sessions"]) {
        const fields = Array.from({ length: 20 }, (_, i) => `a${i}: ${list}(first: ${from + i}) { nodes { id } }`);
        expect(await key.code(`{ ${fields.join(" ")} }`)).toBeUndefined();
      }
    }
  };

  test("are limited for each connection", () =>
    withServer({ environment: { DATABASE_POOL_SIZE: "1" } }, async (server) => {
      await readAll(server);
      expect(await count()).toBeLessThan(200);
    }));

  test("give way to others if the server has no room for more", () =>
    withServer({ environment: { DATABASE_POOL_SIZE: "1" } }, async (server) => {
      await database.sql("SET GLOBAL max_prepared_stmt_count = 80");
      try {
        await readAll(server);
      } finally {
        await database.sql("SET GLOBAL max_prepared_stmt_count = 16382");
      }
    }));
});
