import { isIPv4 } from "node:net";
import ipaddr, { type IPv6 } from "ipaddr.js";

/**
 * Addresses of public ranges that lead to a service of the network's own operator: Azure's virtual machines reach their
 * platform (DNS, DHCP, the guest agent with its credentials) at this one.
 */
const platformAddresses: ReadonlySet<string> = new Set(["168.63.129.16"]);

/** The block of IPv6 that is assigned for global unicast (RFC 4291); IPv4-compatible addresses are outside of it. */
const globalUnicast = ipaddr.parseCIDR("2000::/3") as [IPv6, number];

/**
 * Whether an IP address is on the public network: not private, loopback, link-local, unspecified, multicast or reserved
 * (IANA's special-purpose registries, RFC 6890), and not an IPv6 address that embeds an IPv4 address, by which a tunnel or
 * a translator (6to4, Teredo, NAT64, ISATAP) leads into another network. An IPv4-mapped address counts as its IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || isIpv4Compatible(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  if (parsed.kind() === "ipv4") return !platformAddresses.has(parsed.toString());
  const ipv6 = parsed as IPv6;
  return ipv6.match(globalUnicast) && !isIsatap(ipv6);
}

/** Such as `::8.8.8.8`, which ipaddr.js takes for an IPv4-mapped address. */
const isIpv4Compatible = (address: string): boolean => address.startsWith("::") && isIPv4(address.slice(2));

/** RFC 5214: the interface identifier is 0000:5efe or 0200:5efe, and an IPv4 address. */
const isIsatap = ({ parts }: IPv6): boolean => (parts[4] === 0 || parts[4] === 0x0200) && parts[5] === 0x5efe;
