import { setTimeout as delay } from "node:timers/promises";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { AccessNotifier } from "../../../src/auth/access-notifier";
import { unavailable } from "../../../src/errors";
import { adminKey, TestServer, useServer } from "../../support/server";
import { asksForHolders, statementsOf } from "../../support/statements";
import { Connection, RawSocket } from "../../support/streams";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const viewer = `{ viewer { kind } }`;
const init = (payload: object) => ({ type: "connection_init", payload });

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

    jest.spyOn(AccessNotifier.prototype, "notify").mockResolvedValue();
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
    expect(statements.filter(asksForHolders)).toEqual([]);
  });

  test("asks the database once about a key that is revoked, however many connections it has open", async () => {
    const key = await (await server.current.newApp()).key();
    const connections = Array.from({ length: 20 }, () => Connection.of(key));
    await Promise.all(connections.map(({ opened }) => opened));

    const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
    expect(statements.filter(asksForHolders)).toHaveLength(1);
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
