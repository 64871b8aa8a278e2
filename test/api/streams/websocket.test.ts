import { setTimeout as delay } from "node:timers/promises";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { AccessNotifier } from "../../../src/auth/access-notifier";
import { unavailable } from "../../../src/errors";
import { adminKey, TestServer, useServer } from "../../support/server";
import { asksForHolders, statementsOf } from "../../support/statements";
import { Connection, RawSocket } from "../../support/streams";
import { TestModel } from "../../support/test-model";
import { timingsWithoutPolling } from "../../support/timings";

const model = new TestModel();
const server = useServer({}, { "test:model": model }, undefined, timingsWithoutPolling);
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const viewer = `{ viewer { kind } }`;
const init = (payload: object) => ({ type: "connection_init", payload });

/** The kind of caller that the server authenticates a connection as, or the code that it is closed with. */
async function kindOf(connection: Connection): Promise<unknown> {
  const reader = connection.read(viewer);
  const closing = (await reader.end) as { code?: number } | undefined;
  connection.close();
  return closing ? closing.code : reader.results[0]?.data.viewer.kind;
}

describe("a credential", () => {
  test("is accepted in the upgrade or in connection_init, with the header name in any case", async () => {
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

  test("that is missing, malformed, invalid or not the only one closes the connection", async () => {
    const { url, admin } = server.current;
    const app = await server.current.newApp();
    const [{ secret }, { secret: other }, revoked] = [await app.key(), await app.key(), await app.key()];
    await admin.data(revoke, { id: revoked.keyId });
    const bearer = `Bearer ${adminKey}`;

    const refused: [params: Record<string, unknown> | undefined, headers?: Record<string, string>][] = [
      [undefined],
      [{}],
      [{ "x-api-key": secret, authorization: bearer }],
      [{ "x-api-key": secret, "X-API-KEY": other }],
      [{ "x-api-key": secret }, { "x-api-key": other }],
      [{ authorization: bearer }, { "x-api-key": secret }],
      [{ "x-api-key": "" }],
      [{ "x-api-key": [secret] }],
      [{ "x-api-key": null }],
      [{ authorization: adminKey }],
      [{ authorization: `Basic ${adminKey}` }],
      [{ authorization: `Bearer ${secret}` }, { authorization: `Bearer ${other}` }],
      [{ authorization: `Bearer ${secret.slice(0, -1)}` }],
      [{ "x-api-key": adminKey }],
      [{ "x-api-key": `${secret.slice(0, -1)}~` }],
      [{ "x-api-key": revoked.secret }],
      [{ headers: { "x-api-key": secret } }],
    ];
    for (const [params, headers] of refused) {
      expect([params, headers, await kindOf(new Connection(url, params, headers))]).toEqual([params, headers, 4401]);
    }
    expect(await kindOf(new Connection(`${url}?x-api-key=${secret}`))).toBe(4401);

    const sameTwice: typeof refused = [
      [{ "x-api-key": secret, "X-API-KEY": secret }],
      [{ "x-api-key": secret }, { "x-api-key": secret }],
      [{ authorization: `Bearer ${secret}` }, { authorization: `Bearer ${secret}` }],
    ];
    for (const [params, headers] of sameTwice) {
      expect(await kindOf(new Connection(url, params, headers))).toBe("API_KEY");
    }
  });

  test("that is invalid makes the upgrade fail", async () => {
    const { url } = server.current;
    const { secret } = await (await server.current.newApp()).key();
    for (const headers of [
      { "x-api-key": "wrong" },
      { "x-api-key": [secret, `${secret}x`] },
      { "x-api-key": secret, authorization: `Bearer ${adminKey}` },
    ]) {
      const socket = new RawSocket(url, headers);
      await socket.closed;
      expect(socket.refusal).toBe(401);
    }
  });

  test("is checked again for each operation, even if no revocation was notified", async () => {
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
  test("is denied as a whole, with one error for each field that the scope does not allow", async () => {
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

  test("that is invalid is refused with its errors, and the connection stays open", async () => {
    const connection = Connection.of(server.current.admin);
    const codeOf = async (query: string, variables?: object) => {
      const end = await connection.read(query, variables).end;
      return (end as { extensions: { code: string } }[] | undefined)?.map(({ extensions }) => extensions.code);
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

  test("with invalid variables is refused with the names of the fields, without their values", async () => {
    const connection = Connection.of(server.current.admin);
    const query = `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`;
    const input = { appId: 5.5, name: { text: "swordfish" }, permissions: { agents: "swordfish" } };
    const end = JSON.stringify(await connection.read(query, { input }).end);
    expect(end).toContain('"code":"BAD_USER_INPUT"');
    expect(end).toContain('"field":"input.permissions.agents"');
    expect(end).not.toContain("swordfish");
    connection.close();
  });

  test("beyond 100 open ones is refused, and the others continue", async () => {
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

  test("that can't be authorized while the database is away gets UNAVAILABLE, and the connection stays open", async () => {
    const connection = Connection.of(await (await server.current.newApp()).key());
    await connection.opened;
    jest.spyOn(Authenticator.prototype, "authenticate").mockRejectedValueOnce(unavailable(new Error("swordfish")));
    const end = await connection.read(viewer).end;
    expect(end).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    expect(JSON.stringify(end)).not.toContain("swordfish");
    await connection.read(viewer).all();
    connection.close();
  });
});

describe("the server", () => {
  test("does not keep a client that disconnects before it is authenticated", async () => {
    const key = await (await server.current.newApp()).key();
    const { authenticate } = Authenticator.prototype;
    let finishAuthentication = (): void => undefined;
    const spy = jest.spyOn(Authenticator.prototype, "authenticate").mockImplementation(async function (
      this: Authenticator,
      credential,
    ) {
      const caller = await authenticate.call(this, credential);
      if (credential.secret === key.secret) await new Promise<void>((resolve) => (finishAuthentication = resolve));
      return caller;
    });
    const socket = new RawSocket(server.current.url);
    await socket.say(init({ "x-api-key": key.secret }));
    while (spy.mock.calls.length === 0) await delay(1);
    socket.terminate();
    await socket.closed;
    await delay(20);
    finishAuthentication();
    spy.mockRestore();
    await delay(20);

    const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
    expect(statements.filter(asksForHolders)).toEqual([]);
  });

  test("asks the database once about a revoked key, however many connections the key has", async () => {
    const key = await (await server.current.newApp()).key();
    const connections = Array.from({ length: 20 }, () => Connection.of(key));
    await Promise.all(connections.map(({ opened }) => opened));

    const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
    expect(statements.filter(asksForHolders)).toHaveLength(1);
    for (const { closed } of connections) expect((await closed).code).toBe(4403);
  });

  test("closes connections with 1001 when it stops, and does not wait for a client that does not answer", async () => {
    const stopping = await TestServer.start();
    const connection = Connection.of(stopping.admin);
    const unresponsive = new RawSocket(stopping.url);
    await unresponsive.say(init({ authorization: `Bearer ${adminKey}` }));
    await Promise.all([connection.opened, unresponsive.until(1)]);
    unresponsive.pause();

    const startedAt = performance.now();
    await stopping.stop();
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(await connection.closed).toMatchObject({ code: 1001 });
    unresponsive.terminate();
  });
});
