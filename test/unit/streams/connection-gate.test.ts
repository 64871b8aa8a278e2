import { EventEmitter } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { ConnectionGate } from "../../../src/api/streams/connection-gate";
import { noProxies, trustedProxiesOf } from "../../../src/platform/inbound/trusted-proxies";

class TestSocket extends EventEmitter {
  destroyed = false;

  constructor(readonly remoteAddress: string) {
    super();
  }

  destroy(): void {
    this.destroyed = true;
    process.nextTick(() => this.emit("close"));
  }
}

class TestGate {
  private readonly server = new EventEmitter();
  readonly gate: ConnectionGate;

  constructor(max: number, trustedProxies = noProxies) {
    this.gate = new ConnectionGate(max, trustedProxies);
    this.gate.attach(this.server as Server);
  }

  connect(address: string): TestSocket {
    const socket = new TestSocket(address);
    this.server.emit("connection", socket);
    return socket;
  }

  many(count: number, address: string | ((index: number) => string)): TestSocket[] {
    return Array.from({ length: count }, (_, i) => this.connect(typeof address === "string" ? address : address(i)));
  }

  keep(socket: TestSocket, appId: string, lane: string): void {
    this.gate.keep(socket as unknown as Socket, { appId, lane });
  }

  use(socket: TestSocket): void {
    this.server.emit("request", { socket });
  }
}

const openIn = (sockets: readonly TestSocket[]) => sockets.filter(({ destroyed }) => !destroyed).length;

test("an address without a credential holds a tenth of the connections, and its oldest unused ones give way", () => {
  const gate = new TestGate(100);
  const other = gate.connect("10.0.0.2");
  const [first, ...rest] = gate.many(10, "10.0.0.1");
  gate.use(first as TestSocket);
  gate.many(5, "10.0.0.1");
  expect(first?.destroyed).toBe(false);
  expect(rest.map(({ destroyed }) => destroyed)).toEqual([
    ...Array<boolean>(5).fill(true),
    ...Array<boolean>(4).fill(false),
  ]);
  expect(other.destroyed).toBe(false);
});

test("many addresses without a credential displace each other, and nobody with one", () => {
  const gate = new TestGate(100);
  const kept = gate.many(20, (i) => `10.1.0.${i}`);
  for (const [i, socket] of kept.entries()) gate.keep(socket, `app ${i % 4}`, `key ${i}`);
  const guests = gate.many(1_000, (i) => `10.2.${i % 250}.${i}`);
  expect(openIn(kept)).toBe(20);
  expect(openIn(guests)).toBe(80);
  expect(guests.at(-1)?.destroyed).toBe(false);
});

test("an administrator gets in although keys and addresses hold as many connections as they can", () => {
  const gate = new TestGate(100);
  for (let i = 0; i < 400; i++) gate.keep(gate.connect(`10.1.${i % 5}.1`), `app ${i % 4}`, `key ${i % 16}`);
  gate.many(400, (i) => `10.2.${i % 250}.1`);
  const administrators = gate.many(10, "10.3.0.1");
  for (const socket of administrators) gate.keep(socket, "", "ADMIN");
  gate.many(400, (i) => `10.4.${i % 250}.1`);
  expect(openIn(administrators)).toBe(10);
});

test("a key keeps a quarter and an app half; further connections work until others need the place", () => {
  const gate = new TestGate(100);
  const ofKey = gate.many(40, (i) => `10.1.0.${i}`);
  for (const socket of ofKey) gate.keep(socket, "app", "key");
  expect(openIn(ofKey)).toBe(40);
  gate.many(75, (i) => `10.2.0.${i}`);
  expect(openIn(ofKey)).toBe(25);
});

test("a connection whose credential is no longer valid gives way again, and a closed one leaves its place", async () => {
  const gate = new TestGate(8);
  const [one, two] = [gate.connect("10.0.0.1"), gate.connect("10.0.0.2")];
  gate.keep(one, "app", "key");
  gate.keep(two, "app", "key");
  gate.gate.dismiss(one as unknown as Socket);
  gate.many(20, (i) => `10.1.0.${i}`);
  expect([one.destroyed, two.destroyed]).toEqual([true, false]);

  two.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  const rest = gate.many(8, (i) => `10.2.0.${i}`);
  expect(openIn(rest)).toBe(8);
});

test("addresses of one IPv6 network count as one", () => {
  const gate = new TestGate(100);
  expect(openIn(gate.many(20, (i) => `2001:db8:1:2::${i}`))).toBe(10);
});

test("the clients of a trusted proxy are not limited to the share of one address", () => {
  const gate = new TestGate(100, trustedProxiesOf("10.0.0.0/8"));
  expect(openIn(gate.many(80, "10.0.0.1"))).toBe(80);
  expect(openIn(gate.many(20, "192.0.2.1"))).toBe(10);
});
