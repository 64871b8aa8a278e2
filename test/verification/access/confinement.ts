import type { Resources } from "./fields";

type Addresses = "any" | "allowed" | "refused";

/** How a scope and its key are confined beside what the scope grants. */
export interface Confinement {
  readonly sessions: "APP" | "OWN";
  /** Whether a key of the scope has opened the session, and started the run, that operations name. */
  readonly opensSession: boolean;
  /** All agents of the app, the one that operations name, another one, or none. */
  readonly agents: "ALL" | "named" | "other" | "none";
  readonly scopeAddresses: Addresses;
  readonly keyAddresses: Addresses;
}

/** The lists of networks, and whether they have the address that the cases come from. */
export const networksOf: Readonly<Record<Addresses, readonly string[]>> = {
  any: [],
  allowed: ["192.0.2.0/24", "127.0.0.0/8"],
  refused: ["192.0.2.0/24", "2001:db8::/32"],
};
/** The address that the cases come from. */
export const ownAddress = "127.0.0.1";

const confinement = (
  sessions: "APP" | "own session" | "foreign session",
  agents: Confinement["agents"],
  scopeAddresses: Addresses,
  keyAddresses: Addresses,
): Confinement => ({
  sessions: sessions === "APP" ? "APP" : "OWN",
  opensSession: sessions === "own session",
  agents,
  scopeAddresses,
  keyAddresses,
});

/**
 * Every pair of confinements to sessions and to agents, with address lists that allow the address; and every pair of
 * address lists. The number is prime, so that going through them along with the scopes pairs each with every level and
 * with and without every permission.
 */
export const confinements: readonly Confinement[] = [
  confinement("APP", "ALL", "allowed", "any"),
  confinement("APP", "named", "any", "allowed"),
  confinement("APP", "other", "allowed", "allowed"),
  confinement("APP", "none", "any", "any"),
  confinement("own session", "ALL", "any", "any"),
  confinement("own session", "named", "allowed", "allowed"),
  confinement("own session", "other", "any", "allowed"),
  confinement("own session", "none", "allowed", "any"),
  confinement("foreign session", "ALL", "any", "allowed"),
  confinement("foreign session", "named", "any", "any"),
  confinement("foreign session", "other", "allowed", "any"),
  confinement("foreign session", "none", "allowed", "allowed"),
  confinement("APP", "ALL", "refused", "any"),
  confinement("APP", "named", "any", "refused"),
  confinement("APP", "ALL", "refused", "allowed"),
  confinement("foreign session", "ALL", "allowed", "refused"),
  confinement("APP", "ALL", "refused", "refused"),
];

export function confinementOf(scope: number): Confinement {
  const found = confinements[scope % confinements.length];
  if (!found) throw new RangeError("There are no confinements");
  return found;
}

export const isRefusedHere = ({ scopeAddresses, keyAddresses }: Confinement): boolean =>
  scopeAddresses === "refused" || keyAddresses === "refused";

/** Whether the key finds an object of its app; it must not be able to tell the others from objects that do not exist. */
export function findsOwn(by: Confinement, kind: keyof Resources): boolean {
  const findsAgent = by.agents === "ALL" || by.agents === "named";
  const findsSession = by.sessions === "APP" || by.opensSession;
  switch (kind) {
    case "agent":
      return findsAgent;
    case "session":
      return findsSession;
    case "run":
      return findsSession && findsAgent;
    // These belong to a session that a key of the scope has not opened.
    case "document":
      return by.sessions === "APP";
    case "callbackDelivery":
      return by.sessions === "APP" && findsAgent;
    default:
      return true;
  }
}

export const describeConfinement = (by: Confinement): string => {
  const sessions = by.sessions === "APP" ? "APP" : `OWN (${by.opensSession ? "opened" : "not opened"} by it)`;
  return `sessions ${sessions}, agents ${by.agents}, addresses of scope and key ${by.scopeAddresses} and ${by.keyAddresses}`;
};
