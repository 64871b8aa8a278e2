import "reflect-metadata";
import { Authenticator, type PresentedCredential } from "../../../src/domain/api-key/authenticator";
import type { Caller } from "../../../src/auth/caller";

/** When loaded before the server, caches authentication without invalidation. The verification must find it. */

const ttlMs = 2_000;
const cache = new Map<string, { readonly caller: Promise<Caller>; readonly expiresAt: number }>();
const authenticate = Authenticator.prototype.authenticate;

Authenticator.prototype.authenticate = function (
  this: Authenticator,
  credential: PresentedCredential,
): Promise<Caller> {
  const cached = cache.get(credential.secret);
  if (cached && cached.expiresAt > performance.now()) return cached.caller;
  const caller = authenticate.call(this, credential);
  cache.set(credential.secret, { caller, expiresAt: performance.now() + ttlMs });
  return caller;
};
