import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { eventually } from "../../support/runs";
import { freePort } from "../../support/free-port";
import { TestServer, useServer } from "../../support/server";
import type { Client } from "../../support/client";

const server = useServer();

const metricsUrl = (client: Client) => new URL("/metrics", client.url);
const read = async (client: Client) =>
  fetch(metricsUrl(client), { headers: Object.fromEntries(client.credential ? [client.credential] : []) });
const metricsOf = async (client: Client = server.current.admin): Promise<string> => (await read(client)).text();

/** The value of a series, 0 if there is none. */
function valueOf(text: string, series: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** The names of all samples. */
const namesIn = (text: string) =>
  new Set(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(/[ {]/)[0]),
  );

test("/metrics answers an administrator, and refuses keys and requests without a credential", async () => {
  const key = await (await server.current.newApp()).key();
  const response = await read(server.current.admin);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  expect((await read(key)).status).toBe(403);
  expect((await read(server.current.anonymous)).status).toBe(401);
});

test("METRICS_PORT serves the metrics without a credential, and nothing else", async () => {
  const port = await freePort();
  const other = await TestServer.start({ METRICS_PORT: String(port) });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("latchkey_requests_total");
    for (const path of ["/", "/graphql", "/healthz"])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
  } finally {
    await other.stop();
  }
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
});

test("requests are counted by transport, operation and verdict, with their errors and durations", async () => {
  const key = await (await server.current.newApp()).key({ agents: "VIEW" });
  const series = (transport: string, operation: string, verdict: string) =>
    `latchkey_requests_total{transport="${transport}",operation="${operation}",verdict="${verdict}"}`;
  const before = await metricsOf();
  await key.send("{ agents { nodes { id } } }");
  await key.send("{ apps { nodes { id } } }");
  await server.current.anonymous.send("{ viewer { kind } }");
  await overWebSocket(key, "{ viewer { kind } }");
  await overSse(key, "{ viewer { kind } }");

  const grew = async (name: string, by = 1) => {
    await eventually(async () => valueOf(await metricsOf(), name) >= valueOf(before, name) + by);
    expect(valueOf(await metricsOf(), name)).toBe(valueOf(before, name) + by);
  };
  await grew(series("http", "query", "ALLOWED"));
  await grew(series("http", "query", "FORBIDDEN"));
  await grew(series("http", "none", "UNAUTHENTICATED"));
  await grew(series("websocket", "query", "ALLOWED"));
  await grew(series("sse", "query", "ALLOWED"));
  await grew(`latchkey_request_errors_total{code="FORBIDDEN"}`);
  await grew(`latchkey_request_duration_seconds_count{operation="query",verdict="ALLOWED"}`, 3);
});

test("runs, tokens and the queue are measured", async () => {
  const app = await server.current.newApp();
  const before = await metricsOf();
  const session = await app.session();
  await app.document(session);
  await app.run({ agentId: await app.agent(), session: { id: session } });
  const succeeded = `latchkey_runs_finished_total{status="SUCCEEDED"}`;
  await eventually(async () => valueOf(await metricsOf(), succeeded) > valueOf(before, succeeded));
  const text = await metricsOf();
  const input = `latchkey_tokens_total{kind="input"}`;
  expect(valueOf(text, input)).toBeGreaterThanOrEqual(valueOf(before, input));
  expect(text).toContain(`latchkey_runs{status="QUEUED"} 0`);
  expect(text).toContain("latchkey_oldest_queued_run_age_seconds 0");
});

test("no caller can add a series: what it sends is no label", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const send = async () => {
    const name = `N${randomUUID().replaceAll("-", "")}`;
    await key.send(`query ${name} { viewer { kind } }`);
    await key.send(`{ ${name} }`);
    await key.send(`{ ${name}: agents { nodes { id } } }`, { [name]: name }, { operationName: name });
    await key.get(`/${name}?${name}`);
    await server.current.withKey(name).send("{ viewer { kind } }");
    await key.post().set("x-request-id", name).set("user-agent", name).send({ query: name });
    await overWebSocket(key, `query ${name} { viewer { kind } }`);
    return name;
  };
  const names = [await send(), await send()];
  const seriesOf = (text: string) => text.split("\n").filter((line) => line.startsWith("latchkey_"));
  await eventually(async () => (await metricsOf()).includes("GRAPHQL_PARSE_FAILED"));
  const before = seriesOf(await metricsOf()).length;
  for (let i = 0; i < 5; i++) names.push(await send());
  const text = await metricsOf();
  expect(seriesOf(text)).toHaveLength(before);
  for (const secret of [...names, app.id, key.keyId, key.secret]) expect(text).not.toContain(secret);
});

test("every metric that the dashboard and the alerts name exists", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await key.send("{ agents { nodes { id } } }");
  await key.send("{ apps { nodes { id } } }");
  const session = await app.session();
  await app.document(session);
  await app.run({ agentId: await app.agent(), session: { id: session } });
  await eventually(async () => (await metricsOf()).includes("latchkey_runs_finished_total{"));

  const existing = namesIn(await metricsOf());
  const { panels } = JSON.parse(readFileSync("deploy/grafana-dashboard.json", "utf8")) as {
    panels: { targets: { expr: string }[] }[];
  };
  const expressions = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    readFileSync("deploy/alerts.yml", "utf8"),
  ];
  const named = new Set(expressions.flatMap((each) => each.match(/\b(?:latchkey|nodejs|process)_[a-z0-9_]+/g) ?? []));
  expect(named.size).toBeGreaterThan(12);
  expect([...named].filter((name) => !existing.has(name))).toEqual([]);
});
