import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { allowHosts } from "../support/allowed-hosts";
import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import { replaceSecret } from "../support/callbacks";
import { execute, executeAgent } from "../support/runs";
import { overSse } from "../support/stream-clients";
import type { TestApp } from "../support/test-app";

const server = useAttackedServer(allowHosts("127.0.0.1"));
const testToolServer = `mutation ($id: ID!) { testToolServer(input: { id: $id }) { ok tools { name } error { code message } } }`;
const createToolServer = `mutation ($input: CreateToolServerInput!) { createToolServer(input: $input) { toolServer { id } } }`;

/** An MCP server whose list of tools is this text, or whose answers have this status and these headers. */
async function hostileServer(tools: string, status = 200, headers: Record<string, string> = {}) {
  const heard: string[] = [];
  const http = createServer((request, response) => {
    heard.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (body === "") return void response.writeHead(200).end();
      const { id, method } = JSON.parse(body) as { id?: number; method: string };
      if (id === undefined) return void response.writeHead(202).end();
      if (status !== 200) return void response.writeHead(status, headers).end();
      const capabilities = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"a","version":"1"}}`;
      const result = method === "initialize" ? capabilities : tools;
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const stop = () => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/mcp`, heard, stop };
}

const repeated = (text: string, count: number) => Array.from({ length: count }, () => text).join(",");

test.each([
  ["80,000 tools", `{"tools":[${repeated(`{"name":"a","inputSchema":{"type":"object"}}`, 80_000)}]}`],
  ["a million numbers for tools", `{"tools":[${repeated("1", 1_000_000)}]}`],
  [
    "a schema of 500,000 objects",
    `{"tools":[{"name":"a","inputSchema":{"type":"object","x":[${repeated("{}", 500_000)}]}}]}`,
  ],
  ["200,000 nested lists", `{"tools":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
])("a tool server that lists %s does not hold the event loop", async (_, tools) => {
  const hostile = await hostileServer(tools);
  try {
    const app = await server.current.newApp();
    const id = await app.toolServer(hostile.url);
    const attack = () => server.current.admin.send(testToolServer, { id });
    await attack();
    const { result, longestHoldMs } = await server.current.observe(attack);
    expect(result.body).toMatchObject({
      data: { testToolServer: { ok: false, error: { code: "TOOLS_UNAVAILABLE" } } },
    });
    assertDisclosesNothing(result);
    expect(longestHoldMs).toBeLessThan(maxHoldMs);
  } finally {
    await hostile.stop();
  }
});

test("a tool server that redirects elsewhere gets its headers, and the other address gets nothing", async () => {
  const other = await hostileServer(`{"tools":[]}`);
  const hostile = await hostileServer("", 307, { location: other.url });
  try {
    const app = await server.current.newApp();
    const id = await app.toolServer(hostile.url, { headers: [{ name: "Authorization", value: "Bearer swordfish" }] });
    const answer = await server.current.admin.send(testToolServer, { id });
    expect(answer.body).toMatchObject({ data: { testToolServer: { ok: false } } });
    expect([hostile.heard[0], other.heard]).toEqual(["/mcp Bearer swordfish", []]);
  } finally {
    await Promise.all([hostile.stop(), other.stop()]);
  }
});

test.each([
  ["100,000 headers", { headers: Array.from({ length: 20_000 }, () => ({ name: "a", value: "b" })) }],
  ["a header that ends the request", { headers: [{ name: "a", value: "b\r\n\r\nGET / HTTP/1.1" }] }],
  ["a name of 900,000 characters", { name: "a".repeat(900_000) }],
  ["a URL of 900,000 characters", { url: `https://example.com/${"a".repeat(900_000)}` }],
  ["an address of IPv4 in IPv6", { url: "http://[2606:4700::5efe:10.0.0.5]/mcp" }],
  ["the address of the platform", { url: "http://168.63.129.16/mcp" }],
])("a tool server with %s is refused", async (_, change) => {
  const app = await server.current.newApp();
  const input = { appId: app.id, name: "a", url: "https://example.com/mcp", ...change };
  const attack = () => server.current.admin.send(createToolServer, { input });
  await attack();
  const { result, longestHoldMs } = await server.current.observe(attack);
  expect((result.body as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code).toBe(
    "BAD_USER_INPUT",
  );
  assertDisclosesNothing(result);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});

describe("a callback", () => {
  let app: TestApp;
  let agentId: string;
  beforeAll(async () => {
    app = await server.current.newApp();
    agentId = await app.agent();
    await replaceSecret(server.current.admin, app.id);
  });

  test("to a private address, by whatever notation, is refused with one and the same answer", async () => {
    const key = await app.key({ runtime: ["RUN"] });
    const hosts = [
      "10.0.0.1",
      "10.0.0.1:22",
      "169.254.169.254",
      "168.63.129.16",
      "[::1]",
      "[::a00:1]",
      "[2002:a00:1::]",
    ];
    const notations = [
      ...hosts,
      "0xa.1:22",
      "167772161:22",
      "[64:ff9b::a00:1]",
      "[2606:4700::200:5efe:10.0.0.1]",
      "localhost:22",
    ];
    const answers = new Set<string>();
    for (const host of notations) {
      const { text } = await key.send(executeAgent, { input: { agentId, text: "a", callbackUrl: `http://${host}/` } });
      answers.add(text);
    }
    expect([...answers]).toEqual([expect.stringContaining("BAD_USER_INPUT")]);
  });

  test("of another app or a confined scope can neither be seen nor posted again", async () => {
    const own = await app.key();
    const callbackUrl = `http://127.0.0.1:1/`;
    const { run } = await execute(own, { agentId, callbackUrl });
    const list = `query ($runId: ID!) { callbackDeliveries(runId: $runId) { nodes { id } } }`;
    const [{ id }] = (await own.data(list, { runId: run.id })).callbackDeliveries.nodes;
    const confined = await app.key({ runtime: ["RUN"], sessions: "OWN" });
    expect((await confined.data(list, { runId: run.id })).callbackDeliveries.nodes).toEqual([]);
    const redeliver = `mutation ($id: ID!) { redeliverCallback(input: { id: $id }) { callbackDelivery { id } } }`;
    expect(await confined.code(redeliver, { id })).toBe("NOT_FOUND");
  });
});

test("a key that may run an agent reads the events of its run, but not what tools were told", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["RUN"] });
  const { run } = await execute(key, { agentId: await app.agent() });
  const events = (selection: string, more = "") =>
    overSse(key, `subscription ($id: ID!) { runEvents(runId: $id) { index ${selection} } } ${more}`, {
      variables: { id: run.id },
    });
  expect((await events("... on RunToolCall { name } ... on RunOutput { text }")).text).toContain("documents");
  for (const denied of [
    await events("... on RunToolCall { arguments }"),
    await events("... on RunToolResult { r: result }"),
    await events("...F", "fragment F on RunEvent { ... on RunToolResult { result } }"),
  ]) {
    expect([denied.status, denied.text]).toEqual([403, expect.stringContaining("SESSION_VIEW")]);
    expect(denied.body).not.toHaveProperty("data");
  }
});
