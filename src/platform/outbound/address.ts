import ipaddr from "ipaddr.js";

/**
 * Whether an IP address is on the public network: not private, loopback, link-local, unspecified, multicast or reserved
 * (IANA's special-purpose registries, RFC 6890), and not an IPv6 address that embeds such an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}
