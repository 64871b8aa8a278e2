import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { useAttackedServer } from "../support/attack";
import type { KeyHolder } from "../support/test-app";
import { eventually } from "../support/runs";
import { RawSocket } from "../support/streams";

const maxConnections = 100;
const server = useAttackedServer({ MAX_CONNECTIONS: String(maxConnections) });

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await delay(100);
});

async function open(count: number, head = ""): Promise<Socket[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(new URL(server.current.url).port), "127.0.0.1");
      socket.on("error", () => undefined);
      sockets.push(socket);
      await once(socket, "connect");
      if (head !== "") socket.write(head);
      return socket;
    }),
  );
  await delay(100);
  return opened;
}

const stillOpen = (opened: readonly Socket[]) =>
  opened.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded);

/** Opens connections one after another that show a key, and stay. */
async function openWith({ secret }: KeyHolder, count: number): Promise<Socket[]> {
  const body = JSON.stringify({ query: "{ viewer { kind } }" });
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: ${secret}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const opened: Socket[] = [];
  while (opened.length < count) {
    const socket = connect(Number(new URL(server.current.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    sockets.push(socket);
    opened.push(socket);
    socket.write(head);
    await Promise.race([once(socket, "data"), once(socket, "close")]);
  }
  return opened;
}

const adminGetsIn = () =>
  expect(server.current.admin.data("{ viewer { kind } }")).resolves.toEqual({ viewer: { kind: "ADMIN" } });

test.each([
  ["send nothing", ""],
  ["never finish their headers", "POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: "],
  ["ask without a credential and stay", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"],
])(
  "an address whose connections %s holds a tenth of the connections, and keys and administrators get in",
  async (_, head) => {
    const key = await (await server.current.newApp()).key();
    const opened = await open(3 * maxConnections, head);
    for (const socket of opened) socket.resume();
    await eventually(() => stillOpen(opened).length <= maxConnections / 10);
    for (let i = 0; i < 20; i++) expect(await key.code("{ viewer { kind } }")).toBeUndefined();
    await adminGetsIn();
  },
);

test("connections that are opened faster than others are closed displace nobody who has shown a credential", async () => {
  const key = await (await server.current.newApp()).key();
  const socket = new RawSocket(server.current.url);
  await socket.say({ type: "connection_init", payload: { "x-api-key": key.secret } });
  await socket.until(1);
  for (let i = 0; i < 5; i++) await open(maxConnections);
  expect(socket.readyState).toBe(RawSocket.OPEN);
  socket.terminate();
});

test("a key that opens all the connections it can leaves room for other keys and administrators", async () => {
  const [key, other] = [await (await server.current.newApp()).key(), await (await server.current.newApp()).key()];
  const opened = await openWith(key, maxConnections);
  await open(maxConnections);
  const kept = stillOpen(opened).length;
  expect(kept).toBeGreaterThanOrEqual(maxConnections / 4);
  for (let i = 0; i < 20; i++) expect(await other.code("{ viewer { kind } }")).toBeUndefined();
  await adminGetsIn();
});

test("upgrades without a credential give way like other connections", async () => {
  const upgrade =
    "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";
  const opened = await open(2 * maxConnections, upgrade);
  for (const socket of opened) socket.resume();
  await eventually(() => stillOpen(opened).length <= maxConnections / 10);
  await adminGetsIn();
});
