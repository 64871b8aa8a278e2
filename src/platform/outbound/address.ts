import ipaddr from "ipaddr.js";

/**
 * Whether an address is one of the public network: not private, loopback, link-local, unspecified, multicast or reserved
 * (IANA's special-purpose registries, RFC 6890), and no IPv6 address that carries such an IPv4 address within it.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}
