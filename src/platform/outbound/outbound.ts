import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { isPublicAddress } from "./address";
import { type AllowedHost, isAllowed } from "./allowed-hosts";
import type { Fetch } from "./fetch";
import type { GuardedFetch } from "./guarded-fetch";
import { type ConnectDecision, guardedPost, type Post } from "./guarded-post";
import { portOf } from "./url-validation";

/** Each purpose of outbound requests has its own list of allowed hosts. */
export type OutboundPurpose = "models" | "tools" | "callbacks";

/** `refuses` waits this long for a name to resolve. */
const lookupTimeoutMs = 2_000;

/** Looks up all addresses of a name, as `node:dns` does. */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The host is, or resolves to, an address that is not on the public network, and is not an allowed host. */
export class OutboundRefusedError extends Error {
  constructor() {
    super("The host is not on the public network");
    this.name = "OutboundRefusedError";
  }
}

/**
 * Sends requests to URLs that users have chosen, protected against SSRF (server-side request forgery): connects only to
 * addresses on the public network and to hosts that the operator allows. Checks the address of each connection, so DNS
 * rebinding does not help an attacker. Redirects are returned, not followed.
 */
export class Outbound {
  private guarded: Promise<GuardedFetch> | undefined;

  constructor(
    private readonly allowed: readonly AllowedHost[],
    private readonly lookup: Lookup = systemLookup,
  ) {}

  /** The standard `fetch` with that protection, and with a maximum size of responses. */
  readonly fetch: Fetch = async (input, init) => {
    this.guarded ??= this.load();
    return (await this.guarded).fetch(input, init);
  };

  /** Posts with that protection. */
  get post(): Post {
    return guardedPost(this.decide, this.publicLookup);
  }

  /** Whether a request to this URL would be refused now. A name that does not resolve is not refused, as it may later. */
  async refuses(url: URL): Promise<boolean> {
    if (this.isAllowed(url.hostname, portOf(url))) return false;
    if (isIP(withoutBrackets(url.hostname))) return isPrivateAddress(url.hostname);

    return this.lookupFails(url.hostname, (error) => error instanceof OutboundRefusedError);
  }

  /**
   * Whether a request to this URL would be refused now, or its host does not resolve. The result is the same in both
   * cases, so that a caller who chooses the URL does not learn which private names exist.
   */
  async refusesOrCantResolve(url: URL): Promise<boolean> {
    if (this.isAllowed(url.hostname, portOf(url))) return false;
    if (isIP(withoutBrackets(url.hostname))) return isPrivateAddress(url.hostname);
    const isUnknown = (error: NodeJS.ErrnoException | null) => error?.code === "ENOTFOUND";
    return this.lookupFails(url.hostname, (error) => error instanceof OutboundRefusedError || isUnknown(error));
  }

  async close(): Promise<void> {
    await (await this.guarded)?.close();
  }

  /** @returns false if the lookup takes too long */
  private lookupFails(hostname: string, isFailure: (error: Error | null) => boolean): Promise<boolean> {
    const resolved = new Promise<boolean>((resolve) => {
      this.publicLookup(hostname, { all: true }, (error) => resolve(isFailure(error)));
    });
    return Promise.race([resolved, delay(lookupTimeoutMs, false, { ref: false })]);
  }

  /** Loads the HTTP client with the first request. */
  private async load(): Promise<GuardedFetch> {
    const { GuardedFetch } = await import("./guarded-fetch.js");
    return new GuardedFetch(this.decide, this.publicLookup);
  }

  private readonly decide = (hostname: string, port: number): ConnectDecision => {
    if (this.isAllowed(hostname, port)) return "connect";
    // The guarded lookup is called for names only, not for addresses.
    return isPrivateAddress(hostname) ? new OutboundRefusedError() : "connect by the guarded lookup";
  };

  private isAllowed(hostname: string, port: number): boolean {
    return isAllowed(this.allowed, isIP(hostname) === 6 ? `[${hostname}]` : hostname, port);
  }

  private readonly publicLookup: LookupFunction = (hostname, options, callback) => {
    this.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = error ? [] : addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (error || !first) callback(error ?? new OutboundRefusedError(), options.all ? [] : "");
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

const isPrivateAddress = (hostname: string): boolean =>
  isIP(withoutBrackets(hostname)) !== 0 && !isPublicAddress(withoutBrackets(hostname));
