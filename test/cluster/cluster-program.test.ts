import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Balancer } from "../support/cluster/balancer";
import { Cluster } from "../support/cluster/cluster";
import { sendRaw } from "../support/raw";
import { eventually, execute } from "../support/runs";
import { adminKey } from "../support/server";

test("a session that one server has opened takes a document through another, and a third executes in it", async () => {
  const cluster = await Cluster.start({ servers: 3, adminKey });
  try {
    const [one, other, third] = [cluster.server(0), cluster.server(1), cluster.server(2)];
    const app = await one.newApp();
    const agentId = await app.agent();
    const id = await app.session();
    const { body } = await other.admin.upload(id, "The barn is red.", "barn.txt");
    expect(body).toMatchObject({ data: { uploadDocument: { document: { filename: "barn.txt" } } } });
    const { run, session } = await execute(third.admin, { agentId, session: { id }, text: "What colour is the barn?" });
    expect(session).toEqual({ id });
    expect(run).toMatchObject({ status: "SUCCEEDED", output: "The barn is red. [barn.txt]" });
  } finally {
    await cluster.end();
  }
});

test("the address in front leads each connection to the next server, but to none that is not ready", async () => {
  const statuses = [200, 200, 200];
  const servers = statuses.map((_, index) =>
    createServer(({ url }, response) => {
      response.writeHead(url === "/readyz" ? (statuses[index] ?? 0) : 200).end(`${index}`);
    }).listen(0, "127.0.0.1"),
  );
  await Promise.all(servers.map((server) => once(server, "listening")));
  const origins = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const balancer = await Balancer.start(origins, 0);
  const answerers = async (): Promise<string[]> => {
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) answers.push((await sendRaw(balancer.origin)).text);
    return answers.sort();
  };
  try {
    expect(await answerers()).toEqual(["0", "0", "1", "1", "2", "2"]);
    statuses[1] = 503;
    await eventually(async () => !(await answerers()).includes("1"));
    expect(await answerers()).toEqual(["0", "0", "0", "2", "2", "2"]);
    statuses[1] = 200;
    await eventually(async () => (await answerers()).includes("1"));
  } finally {
    await balancer.stop();
    for (const server of servers) server.close();
  }
});
