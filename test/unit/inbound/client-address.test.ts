import type { IncomingMessage } from "node:http";
import { clientAddressOf, networkOf } from "../../../src/platform/inbound/client-address";
import { noProxies, trustedProxiesOf } from "../../../src/platform/inbound/trusted-proxies";

const requestOf = (remoteAddress: string | undefined, ...forwarded: string[]) =>
  ({ socket: { remoteAddress }, headersDistinct: { "x-forwarded-for": forwarded } }) as unknown as IncomingMessage;

const proxies = trustedProxiesOf("10.0.0.0/8, 192.168.1.7,fd00::/8") ?? noProxies;

test.each([
  ["of a client that comes directly", "203.0.113.9", [], "203.0.113.9"],
  ["of a client that names another address itself", "203.0.113.9", ["1.1.1.1"], "203.0.113.9"],
  ["behind a proxy", "10.1.2.3", ["203.0.113.9"], "203.0.113.9"],
  ["behind a proxy, as an IPv4 address in IPv6", "::ffff:10.1.2.3", ["::ffff:203.0.113.9"], "203.0.113.9"],
  ["behind two proxies", "10.1.2.3", ["203.0.113.9, 192.168.1.7"], "203.0.113.9"],
  ["behind a proxy, with invented addresses before its own", "10.1.2.3", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"],
  ["behind a proxy, with an invented trusted address", "10.1.2.3", ["10.9.9.9, 203.0.113.9"], "203.0.113.9"],
  ["behind a proxy that sends a second header", "10.1.2.3", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"],
  ["behind a proxy that appends ports", "10.1.2.3", ["203.0.113.9:4711"], "203.0.113.9"],
  ["behind a proxy, of IPv6 with a port", "fd00::1", ["[2001:db8::9]:4711"], "2001:db8::9"],
  ["behind a proxy that says nothing", "10.1.2.3", [], "10.1.2.3"],
  ["behind a proxy that sends no address", "10.1.2.3", ["203.0.113.9, unknown"], "10.1.2.3"],
  ["behind a proxy, in a form that is no dotted address", "10.1.2.3", ["0x7f.1"], "10.1.2.3"],
  ["of a connection that is closed", undefined, ["1.1.1.1"], ""],
])("the address %s", (_, remote, forwarded, expected) => {
  expect(clientAddressOf(requestOf(remote, ...forwarded), proxies)).toBe(expected);
});

test("no header is believed if no proxy is trusted", () => {
  expect(clientAddressOf(requestOf("127.0.0.1", "203.0.113.9"), noProxies)).toBe("127.0.0.1");
});

test("an address of IPv6 stands for its network of 64 bits, and one of IPv4 for itself", () => {
  expect(networkOf("2001:db8:0:1:ffff::1")).toBe(networkOf("2001:db8:0:1::2"));
  expect(networkOf("2001:db8:0:1::1")).not.toBe(networkOf("2001:db8:0:2::1"));
  expect(networkOf("::ffff:203.0.113.9")).toBe("203.0.113.9");
});

test.each(["10.0.0.0/33", "fd00::/129", "example.com", "10.0.0", "10.0.0.1/x", "1.2.3.4 5.6.7.8"])(
  "%s is no list of proxies",
  (text) => {
    expect(trustedProxiesOf(text)).toBeUndefined();
  },
);
