import { limitResponse } from "../outbound/response-limit";
import { urlOf } from "../url";

/** The public keys of signatures only: never `none`, and never a shared secret, which a public key could be taken for. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** Not those of other uses, such as a logout token of the same issuer. */
const tokenTypes: readonly unknown[] = [undefined, "jwt", "at+jwt", "application/at+jwt"];

const maxTokenChars = 8_192;
const maxResponseBytes = 262_144;
const requestTimeoutMs = 3_000;
/** Tokens with an unknown key cause at most one fetch of the issuer's keys in this time. */
const keyCooldownMs = 5_000;
const keyMaxAgeMs = 600_000;
const discoveryMaxAgeMs = 3_600_000;
/** A failed discovery is retried after this time. */
const discoveryCooldownMs = 1_000;
/** For clocks that differ. */
const toleranceSeconds = 30;

export interface OidcConfig {
  /** Exactly as tokens have it in `iss`. */
  readonly issuer: string;
  readonly audience: string;
  /** The name of a claim, or a path of names with dots. */
  readonly roleClaim: string;
}

/** The claims of a valid token. */
export interface TokenClaims {
  readonly subject: string;
  /** A name for people, if the token has one. */
  readonly name: string | undefined;
  /** The values of the role claim. */
  readonly roles: readonly string[];
  readonly issuedAt: Date;
  /** When the token is no longer accepted. */
  readonly endsAt: Date;
}

/** The token is not one of the issuer for this server. */
export class InvalidTokenError extends Error {
  /** @param isExpired whether it was one: nothing else is told of invalid tokens */
  constructor(
    readonly isExpired: boolean,
    cause: unknown,
  ) {
    super("The token is invalid", { cause });
    this.name = "InvalidTokenError";
  }
}

/** The issuer's keys can't be fetched. */
export class IssuerUnavailableError extends Error {
  constructor(cause: unknown) {
    super("The keys of the OpenID Connect issuer can't be fetched", { cause });
    this.name = "IssuerUnavailableError";
  }
}

/** Loaded with the first token. */
const loadJose = () => import("jose");
type Jose = Awaited<ReturnType<typeof loadJose>>;
type KeySet = ReturnType<Jose["createRemoteJWKSet"]>;

/** Verifies tokens of one OpenID Connect issuer, whose keys it fetches with the first token and when they change. */
export class TokenVerifier {
  private jose: Promise<Jose> | undefined;
  private keys: KeySet | undefined;
  private discovery: Promise<KeySet> | undefined;
  /** On a monotonic clock. */
  private nextDiscoveryAt = 0;
  private lastFailure: unknown;

  constructor(private readonly config: OidcConfig) {}

  /**
   * @throws {InvalidTokenError}
   * @throws {IssuerUnavailableError}
   */
  async verify(token: string): Promise<TokenClaims> {
    if (token.length > maxTokenChars) throw new InvalidTokenError(false, "too long");
    const jose = await (this.jose ??= loadJose());
    // Before the issuer is asked for anything.
    try {
      const { alg = "" } = jose.decodeProtectedHeader(token);
      if (!algorithms.includes(alg)) throw new Error("The algorithm is not allowed");
    } catch (error) {
      throw new InvalidTokenError(false, error);
    }
    const keys = await this.currentKeys(jose);
    try {
      const { payload, protectedHeader } = await jose.jwtVerify(token, keys, {
        algorithms,
        issuer: this.config.issuer,
        audience: this.config.audience,
        clockTolerance: toleranceSeconds,
        requiredClaims: ["sub", "iat", "exp"],
      });
      if (!tokenTypes.includes(protectedHeader.typ?.toLowerCase())) throw new Error("The token is for another use");
      return claimsOf(payload, this.config.roleClaim);
    } catch (error) {
      if (error instanceof IssuerUnavailableError) throw error;
      const { code } = error as { code?: unknown };
      if (code === "ERR_JWKS_TIMEOUT" || code === "ERR_JWKS_INVALID" || code === "ERR_JOSE_GENERIC")
        throw new IssuerUnavailableError(error);
      throw new InvalidTokenError(code === "ERR_JWT_EXPIRED", error);
    }
  }

  /** Discovers where the keys are, again after an hour; if that fails, those that are known stay in use. */
  private async currentKeys(jose: Jose): Promise<KeySet> {
    const now = performance.now();
    if (now >= this.nextDiscoveryAt && !this.discovery) {
      this.discovery = this.discover(jose)
        .then((found) => {
          this.nextDiscoveryAt = performance.now() + discoveryMaxAgeMs;
          return (this.keys = found);
        })
        .finally(() => (this.discovery = undefined));
      this.discovery.catch((error: unknown) => {
        this.lastFailure = error;
        this.nextDiscoveryAt = performance.now() + discoveryCooldownMs;
      });
    }
    if (this.keys) return this.keys;
    if (this.discovery) return this.discovery;
    throw new IssuerUnavailableError(this.lastFailure);
  }

  private async discover(jose: Jose): Promise<KeySet> {
    const { issuer } = this.config;
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const headers = new Headers({ accept: "application/json" });
    const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await boundedFetch(address, { method: "GET", headers, redirect: "manual", signal });
    const found = (await response.json().catch((error: unknown) => {
      throw new IssuerUnavailableError(error);
    })) as { issuer?: unknown; jwks_uri?: unknown } | null;
    const keysUrl = typeof found?.jwks_uri === "string" ? urlOf(found.jwks_uri) : undefined;
    const isSafe = keysUrl?.protocol === "https:" || keysUrl?.protocol === new URL(issuer).protocol;
    if (response.status !== 200 || found?.issuer !== issuer || !keysUrl || !isSafe)
      throw new IssuerUnavailableError(`${address} does not describe the issuer ${issuer}`);
    return jose.createRemoteJWKSet(keysUrl, {
      timeoutDuration: requestTimeoutMs,
      cooldownDuration: keyCooldownMs,
      cacheMaxAge: keyMaxAgeMs,
      [jose.customFetch]: boundedFetch,
    });
  }
}

/** @throws {IssuerUnavailableError} */
async function boundedFetch(
  url: string,
  init: { headers: Headers; method: "GET"; redirect: "manual"; signal: AbortSignal },
): Promise<Response> {
  const { body, status, headers } = await fetch(url, init).catch((error: unknown) => {
    throw new IssuerUnavailableError(error);
  });
  const limit = limitResponse({ maxBytes: maxResponseBytes, maxLineBytes: maxResponseBytes });
  return new Response(body?.pipeThrough(limit) ?? null, { status: status < 200 ? 502 : status, headers });
}

function claimsOf(payload: Readonly<Record<string, unknown>>, roleClaim: string): TokenClaims {
  const { sub, iat, exp, name, preferred_username, email } = payload;
  if (typeof sub !== "string" || sub === "" || sub.length > 255) throw new Error("The subject is unusable");
  if (typeof iat !== "number" || typeof exp !== "number" || iat * 1_000 > Date.now() + toleranceSeconds * 1_000)
    throw new Error("The times are unusable");
  const names = [name, preferred_username, email].filter((each) => typeof each === "string" && each !== "");
  return {
    subject: sub,
    name: names[0] as string | undefined,
    roles: rolesIn(payload, roleClaim),
    issuedAt: new Date(iat * 1_000),
    endsAt: new Date((exp + toleranceSeconds) * 1_000),
  };
}

/** The claim with the whole name, as names may have dots, or else the one at the path. */
function rolesIn(payload: Readonly<Record<string, unknown>>, roleClaim: string): string[] {
  const own = (object: unknown, name: string): unknown =>
    typeof object === "object" && object !== null && Object.hasOwn(object, name)
      ? (object as Record<string, unknown>)[name]
      : undefined;
  const found = own(payload, roleClaim) ?? roleClaim.split(".").reduce<unknown>(own, payload);
  const values: unknown[] = Array.isArray(found) ? found : [found];
  return values.filter((value) => typeof value === "string");
}
