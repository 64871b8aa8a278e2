import { everything, type Grants } from "./permissions";

/** An administrator, or the holder of an API key of one app. */
export type Caller =
  | { readonly kind: "ADMIN"; readonly name: string; readonly granted: Grants }
  | {
      readonly kind: "API_KEY";
      readonly name: string;
      readonly granted: Grants;
      readonly keyId: string;
      readonly scopeId: string;
      readonly appId: string;
    };

export const administrator: Caller = { kind: "ADMIN", name: "administrator", granted: everything };

/** The rule of tenant isolation: an administrator reaches every app, an API key reaches only its own. */
export const canReach = (caller: Caller, appId: string): boolean => caller.kind === "ADMIN" || caller.appId === appId;

/** The rule of canReach() as a condition of a query: it selects only rows of apps that the caller can reach. */
export const appFilter = (caller: Caller): { appId?: string } =>
  caller.kind === "ADMIN" ? {} : { appId: caller.appId };

/** Identifies the caller among all callers, for state that belongs to one caller only. */
export const identityOf = (caller: Caller): string => (caller.kind === "ADMIN" ? "ADMIN" : caller.keyId);
