import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The length of the prefix of IPv6 addresses that stand for IPv4 ones. */
const mappedPrefix = 96;

/**
 * Writes an address, or a network such as `10.0.0.0/8`, in the one way that it is stored: as a network, without bits behind
 * its prefix. An IPv4 address that is written as an IPv6 one becomes IPv4, as the addresses of clients do.
 *
 * @returns undefined if the text is neither
 */
export function networkIn(text: string): string | undefined {
  const [, address = "", digits] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text.trim()) ?? [];
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  const parsed: Address = ipaddr.parse(address);
  const bits = parsed.kind() === "ipv4" ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && prefix >= mappedPrefix)
    return networkIn(`${parsed.toIPv4Address().toString()}/${prefix - mappedPrefix}`);
  const Version = parsed.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${Version.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`;
}

/** Whether each list that is not empty has the address. */
export const isInAll = (lists: readonly (readonly string[])[], address: string): boolean =>
  lists.every((list) => list.length === 0 || isIn(list, address));

/** Whether a list allows no address that another one, which is not empty, does not allow. Each network must be within one. */
export const isWithin = (list: readonly string[], other: readonly string[]): boolean =>
  list.length > 0 && list.every((network) => other.some((outer) => isPartOf(network, outer)));

function isPartOf(network: string, outer: string): boolean {
  const [range, prefix] = ipaddr.parseCIDR(network);
  const [outerRange, outerPrefix] = ipaddr.parseCIDR(outer);
  return range.kind() === outerRange.kind() && prefix >= outerPrefix && range.match(outerRange, outerPrefix);
}

function isIn(networks: readonly string[], address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed: Address = ipaddr.process(address);
  return networks.some((network) => {
    const [range, prefix] = ipaddr.parseCIDR(network);
    return range.kind() === parsed.kind() && parsed.match(range, prefix);
  });
}
