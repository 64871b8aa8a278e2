import type { IncomingMessage } from "node:http";
import { isIPv4, type Socket } from "node:net";
import ipaddr from "ipaddr.js";
import type { TrustedProxies } from "./trusted-proxies";

/**
 * The address of a client. Each proxy appends the address that it was called from to `X-Forwarded-For`, so the header is
 * read from its end, for as long as the address before is that of a trusted proxy: what stands before may be invented.
 */
export function clientAddressOf({ socket, headersDistinct }: IncomingMessage, proxies: TrustedProxies): string {
  let address = addressOf(socket);
  const header = headersDistinct["x-forwarded-for"];
  if (header === undefined) return address;
  const forwarded = header.join(",").split(",");
  while (forwarded.length > 0 && isTrusted(address, proxies)) {
    const before = normalized(forwarded.pop() ?? "");
    if (before === undefined) break;
    address = before;
  }
  return address;
}

/** The addresses of open connections, which do not change. */
const addresses = new WeakMap<Socket, string>();

function addressOf(socket: Socket): string {
  let address = addresses.get(socket);
  if (address === undefined) {
    address = normalized(socket.remoteAddress ?? "") ?? "";
    addresses.set(socket, address);
  }
  return address;
}

export const isTrusted = (address: string, proxies: TrustedProxies): boolean => {
  const plain = normalized(address);
  return plain !== undefined && proxies.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
};

/** One client usually has an IPv4 address, or an IPv6 network with 64 bits. */
export function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  const plain = normalized(address);
  if (!plain?.includes(":")) return plain ?? address;
  return ipaddr.IPv6.parse(plain).parts.slice(0, 4).join(":");
}

/** An address without a port; an IPv4 address that is written as an IPv6 one becomes IPv4. */
function normalized(text: string): string | undefined {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(text.trim()) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(text.trim()) ?? [];
  const plain = (bracketed ?? beforePort ?? text.trim()).split("%")[0] ?? "";
  return ipaddr.isValid(plain) && (plain.includes(":") || ipaddr.IPv4.isValidFourPartDecimal(plain))
    ? ipaddr.process(plain).toString()
    : undefined;
}
