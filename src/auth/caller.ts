import { everything, type Grants } from "./permissions";

/** Who is calling: an administrator, or the holder of an API key of one app. */
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

/** Names the caller among all callers, for what must hold for one caller only. */
export const identityOf = (caller: Caller): string => (caller.kind === "ADMIN" ? "ADMIN" : caller.keyId);
