import { BlockList, isIP } from "node:net";

/** The proxies whose `X-Forwarded-For` counts. */
export type TrustedProxies = Pick<BlockList, "check">;

/** No proxy is trusted. */
export const noProxies: TrustedProxies = new BlockList();

/** Parses addresses and networks such as `10.0.0.0/8,::1`. @returns undefined if one of them is invalid */
export function trustedProxiesOf(text: string): TrustedProxies | undefined {
  const proxies = new BlockList();
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.filter((entry) => entry !== "").every((entry) => add(proxies, entry)) ? proxies : undefined;
}

function add(proxies: BlockList, entry: string): boolean {
  const [, address = "", digits] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? [];
  const version = isIP(address);
  const prefix = digits === undefined ? undefined : Number(digits);
  if (version === 0 || (prefix !== undefined && prefix > (version === 4 ? 32 : 128))) return false;
  const type = version === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) proxies.addAddress(address, type);
  else proxies.addSubnet(address, prefix, type);
  return true;
}
