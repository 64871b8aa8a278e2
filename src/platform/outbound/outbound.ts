import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { isPublicAddress } from "./address";
import { type AllowedHost, isAllowed } from "./allowed-hosts";
import type { Fetch } from "./fetch";
import type { GuardedFetch, ConnectDecision } from "./guarded-fetch";
import { portOf } from "./url-validation";

/** How long a name may take to resolve when an address is judged before anything is sent to it, in milliseconds. */
const patience = 2_000;

/** Looks up all addresses of a name, as `node:dns` does. */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The host is, or resolves to, an address that is not of the public network, and is not allowed by name. */
export class OutboundRefusedError extends Error {
  constructor() {
    super("The host is not on the public network");
    this.name = "OutboundRefused";
  }
}

/**
 * The way out to addresses that somebody else has chosen: to the public network, and to hosts that the operator allows by
 * name. Judged at each connection by the address that is connected to, so that it doesn't matter what a name resolved to
 * before. Redirects are handed back, not followed.
 */
export class Outbound {
  private guarded: Promise<GuardedFetch> | undefined;

  constructor(
    private readonly allowed: readonly AllowedHost[],
    private readonly lookup: Lookup = systemLookup,
  ) {}

  /** As the standard's, but for what this class is about; a response has a greatest size. */
  readonly fetch: Fetch = async (input, init) => {
    this.guarded ??= this.load();
    return (await this.guarded).fetch(input, init);
  };

  /** Whether a URL leads, as things are now, to where no connection will be made. A name that doesn't resolve may later. */
  async refuses(url: URL): Promise<boolean> {
    if (this.isAllowed(url.hostname, portOf(url))) return false;
    if (isIP(bare(url.hostname))) return isRefused(url.hostname);

    const resolved = new Promise<boolean>((resolve) => {
      this.publicLookup(url.hostname, { all: true }, (error) => resolve(error instanceof OutboundRefusedError));
    });
    return Promise.race([resolved, delay(patience, false, { ref: false })]);
  }

  async close(): Promise<void> {
    await (await this.guarded)?.close();
  }

  /** What it takes to send is loaded when something is sent for the first time. */
  private async load(): Promise<GuardedFetch> {
    const { GuardedFetch } = await import("./guarded-fetch.js");
    return new GuardedFetch(this.rule, this.publicLookup);
  }

  private readonly rule = (hostname: string, port: number): ConnectDecision => {
    if (this.isAllowed(hostname, port)) return "connect";
    // Names are looked up when connecting, addresses are not.
    return isRefused(hostname) ? new OutboundRefusedError() : "connect by the guarded lookup";
  };

  private isAllowed(hostname: string, port: number): boolean {
    return isAllowed(this.allowed, isIP(hostname) === 6 ? `[${hostname}]` : hostname, port);
  }

  private readonly publicLookup: LookupFunction = (hostname, options, callback) => {
    this.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const fit = error ? [] : addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = fit;
      if (error || !first) callback(error ?? new OutboundRefusedError(), options.all ? [] : "");
      else if (options.all) callback(null, fit);
      else callback(null, first.address, first.family);
    });
  };
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

const isRefused = (hostname: string): boolean => isIP(bare(hostname)) !== 0 && !isPublicAddress(bare(hostname));
