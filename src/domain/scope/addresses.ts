import { z } from "zod";
import { networkIn } from "../../platform/inbound/address-list";
import { list } from "../../schema-types/rules";

const maxNetworks = 50;

export const addressesDescription = `At most ${maxNetworks} addresses and networks, such as \`203.0.113.7\` and \`2001:db8::/32\`, that requests may come from; empty for any address.`;

/** The rule of a list of addresses and networks. */
export const addressList = list("addresses", maxNetworks).pipe(
  z.array(
    z.string("must be a text").refine((text) => networkIn(text) !== undefined, {
      error: "must be addresses and networks, such as 203.0.113.7 and 2001:db8::/32",
    }),
  ),
);

/** Each network once. */
export const normalizedAddresses = (addresses: readonly string[]): string[] => [
  ...new Set(addresses.flatMap((each) => networkIn(each) ?? [])),
];
