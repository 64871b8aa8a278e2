import { networkOf } from "../../platform/inbound/client-address";
import type { PresentedCredential } from "./authenticator";
import { digestOf, secretFault } from "./secret";

/** Credentials that are remembered to have been valid. */
const maxRemembered = 1_000;
/** Requests a second with one of them, so that a script of an administrator can't keep the process overloaded. */
const maxEach = 50;
/** Requests a second with credentials that look like an administrator's, but are not remembered. */
const maxStrangers = 20;
/** Likewise from one network, so that it can't take the places of the others. */
const maxStrangersOfNetwork = 2;
const windowMs = 1_000;

/**
 * Decides which requests of administrators get in while the process is overloaded, without asking the database: those
 * with a credential that was valid lately, and a few with one that may be valid. It decides nothing else; every
 * credential is verified afterwards.
 */
export class UrgentCredentials {
  /** Requests in this window by the digest of the credential, the one that was used last at the end. */
  private readonly remembered = new Map<string, number>();
  /** Requests in this window by network. */
  private readonly strangers = new Map<string, number>();
  private strangerCount = 0;
  private windowEndsAt = -Infinity;

  /** @param now in milliseconds of a monotonic clock */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether a request with this credential gets in. Counts it if so. */
  admits(credential: PresentedCredential): boolean {
    if (!mayBeAdministrative(credential)) return false;
    this.renewWindow();
    const name = nameOf(credential);
    const count = this.remembered.get(name);
    if (count === undefined) return this.admitsStranger(networkOf(credential.address));
    if (count >= maxEach) return false;
    this.remembered.set(name, count + 1);
    return true;
  }

  /** The credential is an administrator's. */
  remember(credential: PresentedCredential): void {
    const name = nameOf(credential);
    const count = this.remembered.get(name) ?? 0;
    this.remembered.delete(name);
    this.remembered.set(name, count);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > maxRemembered && oldest !== undefined) this.remembered.delete(oldest);
  }

  /** The credential is not valid any more. */
  forget(credential: PresentedCredential): void {
    if (mayBeAdministrative(credential)) this.remembered.delete(nameOf(credential));
  }

  private admitsStranger(network: string): boolean {
    const count = this.strangers.get(network) ?? 0;
    if (this.strangerCount >= maxStrangers || count >= maxStrangersOfNetwork) return false;
    this.strangerCount++;
    this.strangers.set(network, count + 1);
    return true;
  }

  private renewWindow(): void {
    const now = this.now();
    if (now < this.windowEndsAt) return;
    this.windowEndsAt = now + windowMs;
    this.strangerCount = 0;
    this.strangers.clear();
    for (const name of this.remembered.keys()) this.remembered.set(name, 0);
  }
}

const nameOf = ({ kind, secret }: PresentedCredential): string => digestOf(`${kind} ${secret}`).toString("base64");

/** Looks at the form alone. */
function mayBeAdministrative({ kind, secret }: PresentedCredential): boolean {
  if (kind === "ADMINISTRATOR_KEY") return secretFault(secret) === undefined;
  return kind === "TOKEN" || kind === "CONSOLE_SESSION";
}
