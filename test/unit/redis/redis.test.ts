import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { RedisConnections } from "../../../src/platform/redis/redis";
import { createTestLog } from "../../support/log";
import { eventually } from "../../support/runs";

let server: Server;
const sockets = new Set<Socket>();
afterEach(() => {
  server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** Connects to a server that answers everything in the same way. @returns the first line of the log */
async function loggedFor(
  scheme: string,
  answer: string | Buffer,
  credentials = "",
): Promise<{ level: number; msg: string }> {
  server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.on("data", () => socket.write(answer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { log, lines } = createTestLog();
  const url = `${scheme}://${credentials}127.0.0.1:${(server.address() as AddressInfo).port}/7`;
  const connections = new RedisConnections({ url, prefix: "test" }, log);
  try {
    connections.openPublisher();
    await eventually(() => lines.length > 0);
    expect(lines.join("")).not.toContain("swordfish");
    return JSON.parse(lines[0] ?? "") as { level: number; msg: string };
  } finally {
    connections.close();
  }
}

test.each<[name: string, scheme: string, answer: string | Buffer, message: string]>([
  [
    "a wrong password",
    "redis",
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    "user name and the password",
  ],
  ["a missing password", "redis", "-NOAUTH Authentication required.\r\n", "user name and the password"],
  ["a database that does not exist", "redis", "-ERR DB index is out of range\r\n", "does not have the database"],
  ["a port that speaks TLS", "redis", Buffer.from([0x15, 3, 3, 0, 2, 2, 70]), "begins with rediss://"],
  ["a port that does not speak TLS", "rediss", "-ERR unknown command\r\n", "begins with redis://"],
  ["a port that does not answer TLS", "rediss", "", "begins with redis://"],
])("%s is told for what it is", async (_, scheme, answer, message) => {
  const { level, msg } = await loggedFor(scheme, answer, "user:swordfish@");
  expect([level, msg]).toEqual([50, expect.stringContaining(message)]);
  expect(msg).toMatch(/; runs continue without it$/);
});
