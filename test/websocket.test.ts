import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { Authenticator } from "../src/api-key/authenticator";
import { AccessNews } from "../src/auth/access-news";
import { unavailable } from "../src/errors";
import { adminKey, TestServer, useServer } from "./support/server";
import { statementsOf } from "./support/statements";
import { Connection, RawSocket } from "./support/streams";
import { TestModel } from "./support/test-model";

const model = new TestModel();
const server = useServer({ MAX_BODY_BYTES: "10000" }, { "test:model": model });
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const viewer = `{ viewer { kind } }`;
const init = (payload?: object) => ({ type: "connection_init", payload });
const subscribe = (id: string, query: string, variables?: object) => ({
  type: "subscribe",
  id,
  payload: { query, variables },
});

/** Whom the server takes the holder of a connection for, or the code that it closes it with. */
async function kindOf(connection: Connection): Promise<unknown> {
  const reader = connection.read(viewer);
  const cut = (await reader.end) as { code?: number } | undefined;
  connection.close();
  return cut ? cut.code : reader.results[0]?.data.viewer.kind;
}

describe("a credential", () => {
  test("may come with the upgrade or with connection_init, under the header's name in any case", async () => {
    const { url } = server.current;
    const { secret } = await (await server.current.newApp()).key({});
    const bearer = `Bearer ${adminKey}`;

    expect(await kindOf(new Connection(url, undefined, { "x-api-key": secret }))).toBe("API_KEY");
    expect(await kindOf(new Connection(url, undefined, { authorization: bearer }))).toBe("ADMIN");
    expect(await kindOf(new Connection(url, { "x-api-key": secret }))).toBe("API_KEY");
    expect(await kindOf(new Connection(url, { "X-API-Key": secret, more: "of other things" }))).toBe("API_KEY");
    expect(await kindOf(new Connection(url, { authorization: bearer }))).toBe("ADMIN");
    expect(await kindOf(new Connection(url, { Authorization: bearer }))).toBe("ADMIN");
  });

  test("that is missing, twice there, of the wrong form or not valid closes the connection", async () => {
    const { url, admin } = server.current;
    const app = await server.current.newApp();
    const [{ secret }, gone] = [await app.key(), await app.key()];
    await admin.data(revoke, { id: gone.keyId });
    const bearer = `Bearer ${adminKey}`;

    const refused: [params: Record<string, unknown> | undefined, headers?: Record<string, string>][] = [
      [undefined],
      [{}],
      [{ "x-api-key": secret, authorization: bearer }],
      [{ "x-api-key": secret, "X-API-KEY": secret }],
      [{ "x-api-key": secret }, { "x-api-key": secret }],
      [{ authorization: bearer }, { "x-api-key": secret }],
      [{ "x-api-key": "" }],
      [{ "x-api-key": [secret] }],
      [{ "x-api-key": null }],
      [{ authorization: adminKey }],
      [{ authorization: `Basic ${adminKey}` }],
      [{ authorization: `Bearer ${secret}` }],
      [{ "x-api-key": adminKey }],
      [{ "x-api-key": `${secret.slice(0, -1)}~` }],
      [{ "x-api-key": gone.secret }],
      [{ headers: { "x-api-key": secret } }],
    ];
    for (const [params, headers] of refused) {
      expect([params, headers, await kindOf(new Connection(url, params, headers))]).toEqual([params, headers, 4401]);
    }
    expect(await kindOf(new Connection(`${url}?x-api-key=${secret}`))).toBe(4401);
  });

  test("that is not valid keeps the upgrade from being made", async () => {
    const { url } = server.current;
    const { secret } = await (await server.current.newApp()).key();
    for (const headers of [
      { "x-api-key": "wrong" },
      { "x-api-key": [secret, secret] },
      { "x-api-key": secret, authorization: `Bearer ${adminKey}` },
    ]) {
      const socket = new RawSocket(url, headers);
      await socket.closed;
      expect(socket.refusal).toBe(401);
    }
  });

  test("is asked about again with each operation, though no news of a revocation came through", async () => {
    const key = await (await server.current.newApp()).key();
    const connection = Connection.of(key);
    await connection.read(viewer).all();

    jest.spyOn(AccessNews.prototype, "changed").mockResolvedValue();
    await server.current.admin.data(revoke, { id: key.keyId });
    const reader = connection.read(viewer);
    expect(await reader.end).toMatchObject({ code: 4403 });
    expect(reader.results).toEqual([]);
  });
});

describe("an operation", () => {
  test("is refused as a whole, with each field that the scope does not allow", async () => {
    const app = await server.current.newApp();
    const key = await app.key({ agents: "FULL" });
    const connection = Connection.of(key);
    const granted = { agents: "FULL", runtime: [] };
    const mutation = `mutation {
      createAgent(input: { name: "Ada" }) { agent { id } }
      mine: createSession(input: {}) { session { messages { nodes { id } } } }
      createApp(input: { name: "mine" }) { app { id } }
    }`;
    const forbidden = (path: string[], required: string) =>
      expect.objectContaining({ path, extensions: { code: "FORBIDDEN", required, granted } });
    expect(await connection.read(mutation).end).toEqual([
      forbidden(["mine"], "SESSION_CREATE"),
      forbidden(["mine", "session", "messages"], "SESSION_VIEW"),
      forbidden(["createApp"], "admin"),
    ]);
    expect(await connection.read(events, { runId: "x" }).end).toEqual([forbidden(["runEvents"], "RUN")]);
    expect(await key.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
    connection.close();
  });

  test("that is faulty is refused with what is wrong, and the connection goes on", async () => {
    const connection = Connection.of(server.current.admin);
    const codeOf = async (query: string, variables?: object) => {
      const cut = await connection.read(query, variables).end;
      return (cut as { extensions: { code: string } }[] | undefined)?.map(({ extensions }) => extensions.code);
    };
    expect(await codeOf(`{ viewer {`)).toEqual(["GRAPHQL_PARSE_FAILED"]);
    expect(await codeOf(`{ nothing }`)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
    expect(await codeOf(`{ ${"viewer { kind } ".repeat(31)} }`)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
    expect(await codeOf(`query a { viewer { kind } } query b { viewer { kind } }`)).toEqual([
      "OPERATION_RESOLUTION_FAILURE",
    ]);
    expect(await codeOf(viewer)).toBeUndefined();
    connection.close();
  });

  test("with faulty variables is refused by the names of the fields, without the values", async () => {
    const connection = Connection.of(server.current.admin);
    const query = `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`;
    const input = { appId: 5.5, name: { text: "swordfish" }, permissions: { agents: "swordfish" } };
    const cut = JSON.stringify(await connection.read(query, { input }).end);
    expect(cut).toContain('"code":"BAD_USER_INPUT"');
    expect(cut).toContain('"field":"input.permissions.agents"');
    expect(cut).not.toContain("swordfish");
    connection.close();
  });

  test("beyond the hundredth that is open is refused, and the others go on", async () => {
    const app = await server.current.newApp();
    const agentId = await app.agent({ model: "test:model" });
    const { id: runId } = await app.run({ agentId, text: "one hold two", waitMs: 0 });
    const connection = Connection.of(await app.key({ runtime: ["RUN"] }));
    const readers = Array.from({ length: 100 }, () => connection.read(events, { runId }));
    await Promise.all(readers.map((reader) => reader.until(3)));

    expect(await connection.read(viewer).end).toMatchObject([{ extensions: { code: "LIMIT_REACHED" } }]);
    model.release();
    for (const reader of readers) expect((await reader.all()).length).toBe(5);
    await connection.read(viewer).all();
    connection.close();
  });

  test("that can't be judged, as the database is away, is put off, and the connection goes on", async () => {
    const connection = Connection.of(await (await server.current.newApp()).key());
    await connection.opened;
    jest.spyOn(Authenticator.prototype, "authenticate").mockRejectedValueOnce(unavailable(new Error("swordfish")));
    const cut = await connection.read(viewer).end;
    expect(cut).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    expect(JSON.stringify(cut)).not.toContain("swordfish");
    await connection.read(viewer).all();
    connection.close();
  });
});

describe("a client that does not keep to the protocol", () => {
  const admin = { authorization: `Bearer ${adminKey}` };

  test.each<[name: string, code: number, messages: unknown[]]>([
    ["asks before it has said who it is", 4401, [subscribe("1", viewer)]],
    ["says twice who it is", 4429, [init(admin), init(admin)]],
    ["gives two operations one id", 4409, [init(admin), subscribe("1", viewer), subscribe("1", viewer)]],
    ["sends what is no message", 4400, [init(admin), "what?"]],
    ["sends a message of an unknown type", 4400, [{ type: "shout" }]],
    ["sends an operation without a query", 4400, [init(admin), { type: "subscribe", id: "1", payload: {} }]],
    ["sends more than a request may have", 1009, [init(admin), subscribe("1", `${viewer} # ${"x".repeat(10_000)}`)]],
    ["says nothing at all", 4408, []],
    ["sends what only a server may say", 4400, [init(admin), { type: "next", id: "1", payload: {} }]],
  ])("and %s is let go with the code %d", async (_, code, messages) => {
    const socket = new RawSocket(server.current.url);
    // All but the first wait for the answer to it.
    await socket.say(...messages.slice(0, 1));
    if (messages.length > 1) await socket.until(1);
    await socket.say(...messages.slice(1));
    expect((await socket.closed).code).toBe(code);
  });

  test("and speaks no protocol that the server knows is let go, but one that it does may be among others", async () => {
    expect((await new RawSocket(server.current.url, {}, []).closed).code).toBe(4406);
    const versatile = new RawSocket(server.current.url, admin, ["graphql-ws", "graphql-transport-ws"]);
    await versatile.say(init());
    await versatile.until(1);
    expect(versatile.heard).toEqual([{ type: "connection_ack" }]);
    versatile.terminate();
  });

  test.each([
    ["text that is not UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007],
    ["a frame that is not masked", [0x81, 0x01, 0x78], 1002],
    ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], 1002],
    ["a length of 8 exabytes", [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1009],
  ])("and sends %s is let go", async (_, bytes, code) => {
    const socket = new RawSocket(server.current.url);
    await socket.write(Buffer.from(bytes));
    expect((await socket.closed).code).toBe(code);
  });

  test("does no harm to others, whatever it sends", async () => {
    const message = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ type: fc.constantFrom("connection_init", "ping", "pong", "complete"), payload: fc.anything() }),
      fc.record({ type: fc.constantFrom("subscribe", "next", "error"), id: fc.string(), payload: fc.anything() }),
      fc
        .record({ query: fc.string(), variables: fc.object() })
        .map(({ query, variables }) => subscribe("1", query, variables)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 5 }), fc.boolean(), async (messages, isBinary) => {
        const socket = new RawSocket(server.current.url, admin);
        await socket.say(init());
        for (const each of messages)
          socket.send(typeof each === "string" ? each : JSON.stringify(each), { binary: isBinary });
        await delay(1);
        socket.terminate();
        await socket.closed;
      }),
      { numRuns: 150 },
    );
    expect(await kindOf(Connection.of(server.current.admin))).toBe("ADMIN");
  });

  test("and asks for an upgrade elsewhere or to something else gets an answer, and its socket is not kept", async () => {
    const { port } = new URL(server.current.url);
    for (const [path, upgrade, status] of [
      ["/elsewhere", "websocket", 404],
      ["/graphql/stream", "websocket", 404],
      ["/graphql", "h2c", 400],
    ] as const) {
      const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\n\r\n`);
      const chunks: Buffer[] = [];
      socket.on("data", (chunk) => chunks.push(chunk));
      await once(socket, "end");
      expect(Buffer.concat(chunks).toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      // Whoever still holds the other end takes what is written to it; nobody doesn't, and that closes this one.
      socket.on("error", () => undefined);
      const writing = setInterval(() => socket.write("x"), 10);
      await new Promise((resolve) => socket.once("close", resolve));
      clearInterval(writing);
    }
  });
});

describe("the server", () => {
  test("forgets a client that is gone before it was let in", async () => {
    const key = await (await server.current.newApp()).key();
    const { authenticate } = Authenticator.prototype;
    let goOn = (): void => undefined;
    const spy = jest.spyOn(Authenticator.prototype, "authenticate").mockImplementation(async function (
      this: Authenticator,
      by,
    ) {
      const caller = await authenticate.call(this, by);
      if (by.secret === key.secret) await new Promise<void>((resolve) => (goOn = resolve));
      return caller;
    });
    const socket = new RawSocket(server.current.url);
    await socket.say(init({ "x-api-key": key.secret }));
    while (spy.mock.calls.length === 0) await delay(1);
    socket.terminate();
    await socket.closed;
    await delay(20);
    goOn();
    spy.mockRestore();
    await delay(20);

    const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
    expect(statements.filter((statement) => statement.includes("digest"))).toEqual([]);
  });

  test("asks the database once about a key that is revoked, however many connections it has open", async () => {
    const key = await (await server.current.newApp()).key();
    const connections = Array.from({ length: 20 }, () => Connection.of(key));
    await Promise.all(connections.map(({ opened }) => opened));

    const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
    expect(statements.filter((statement) => statement.includes("digest"))).toHaveLength(1);
    for (const { closed } of connections) expect((await closed).code).toBe(4403);
  });

  test("says good-bye when it stops, and does not wait for who does not answer", async () => {
    const stopping = await TestServer.start();
    const connection = Connection.of(stopping.admin);
    const deaf = new RawSocket(stopping.url);
    await deaf.say(init({ authorization: `Bearer ${adminKey}` }));
    await Promise.all([connection.opened, deaf.until(1)]);
    deaf.pause();

    const begun = performance.now();
    await stopping.stop();
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(await connection.closed).toMatchObject({ code: 1001 });
    deaf.terminate();
  });
});
