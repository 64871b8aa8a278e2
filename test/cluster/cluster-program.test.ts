import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Balancer } from "../support/cluster/balancer";
import { Cluster } from "../support/cluster/cluster";
import { sendRaw } from "../support/raw";
import { eventually, execute } from "../support/runs";
import { adminKey } from "../support/server";

test("a session that one server creates accepts an upload through a second server and an execution through a third", async () => {
  const cluster = await Cluster.start({ servers: 3, adminKey });
  try {
    const [first, second, third] = [cluster.server(0), cluster.server(1), cluster.server(2)];
    const app = await first.newApp();
    const agentId = await app.agent();
    const id = await app.session();
    const { body } = await second.admin.upload(id, "The barn is red.", "barn.txt");
    expect(body).toMatchObject({ data: { uploadDocument: { document: { filename: "barn.txt" } } } });
    const { run, session } = await execute(third.admin, { agentId, session: { id }, text: "What colour is the barn?" });
    expect(session).toEqual({ id });
    expect(run).toMatchObject({ status: "SUCCEEDED", output: "The barn is red. [barn.txt]" });
  } finally {
    await cluster.end();
  }
});

test("the load balancer gives each connection to the next server that is ready", async () => {
  const statuses = [200, 200, 200];
  const servers = statuses.map((_, index) =>
    createServer(({ url }, response) => {
      response.writeHead(url === "/readyz" ? (statuses[index] ?? 0) : 200).end(`${index}`);
    }).listen(0, "127.0.0.1"),
  );
  await Promise.all(servers.map((server) => once(server, "listening")));
  const origins = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const balancer = await Balancer.start(origins, 0);
  const respondingServers = async (): Promise<string[]> => {
    const responses: string[] = [];
    for (let i = 0; i < 6; i++) responses.push((await sendRaw(balancer.origin)).text);
    return responses.sort();
  };
  try {
    expect(await respondingServers()).toEqual(["0", "0", "1", "1", "2", "2"]);
    statuses[1] = 503;
    await eventually(async () => !(await respondingServers()).includes("1"));
    expect(await respondingServers()).toEqual(["0", "0", "0", "2", "2", "2"]);
    statuses[1] = 200;
    await eventually(async () => (await respondingServers()).includes("1"));
  } finally {
    await balancer.stop();
    for (const server of servers) server.close();
  }
});
