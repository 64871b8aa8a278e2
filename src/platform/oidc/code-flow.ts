/** Loaded with the first sign-in. */
const loadClient = () => import("openid-client");
type Library = Awaited<ReturnType<typeof loadClient>>;
type Client = Awaited<ReturnType<Library["discovery"]>>;

const timeoutSeconds = 5;

export interface CodeFlowConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client, which PKCE alone protects. */
  readonly clientSecret: string | undefined;
  /** The issuer compares it with the registered one character by character. */
  readonly redirectUrl: string;
  readonly scopes: string;
}

/** The state of a sign-in, which the browser keeps and sends back from the issuer. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Signs in at an OpenID Connect issuer by the authorization code flow with PKCE (RFC 7636). */
export class CodeFlow {
  private client: Promise<Client> | undefined;

  constructor(private readonly config: CodeFlowConfig) {}

  /** Whether browsers come back over TLS. */
  get isSecure(): boolean {
    return this.config.redirectUrl.startsWith("https:");
  }

  /** @returns where to send the browser, and what it must bring back */
  async start(): Promise<{ url: URL; pending: PendingSignIn }> {
    const library = await loadClient();
    const pending = {
      state: library.randomState(),
      nonce: library.randomNonce(),
      verifier: library.randomPKCECodeVerifier(),
    };
    const url = library.buildAuthorizationUrl(await this.discovered(library), {
      redirect_uri: this.config.redirectUrl,
      scope: this.config.scopes,
      code_challenge: await library.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
      state: pending.state,
      nonce: pending.nonce,
    });
    return { url, pending };
  }

  /**
   * Trades the code in the address that a browser came back to for a token that says who it is and what the role is.
   *
   * @throws an error of the library if the code, or what was brought back, is not that of the same sign-in
   */
  async finish(search: string, { state, nonce, verifier }: PendingSignIn): Promise<string> {
    const library = await loadClient();
    const address = new URL(this.config.redirectUrl);
    address.search = search;
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const tokens = await library.authorizationCodeGrant(await this.discovered(library), address, checks);
    // An access token may be a text that only the issuer understands.
    const isReadable = tokens.access_token.split(".").length === 3;
    return isReadable ? tokens.access_token : (tokens.id_token ?? "");
  }

  /** The issuer's addresses, which are asked for until it has answered once. */
  private discovered(library: Library): Promise<Client> {
    this.client ??= this.discover(library).catch((error: unknown) => {
      this.client = undefined;
      throw error;
    });
    return this.client;
  }

  private discover(library: Library): Promise<Client> {
    const { issuer, clientId, clientSecret } = this.config;
    const url = new URL(issuer);
    const authentication = clientSecret === undefined ? library.None() : library.ClientSecretBasic(clientSecret);
    return library.discovery(url, clientId, undefined, authentication, {
      timeout: timeoutSeconds,
      // The configuration allows it on this machine alone.
      execute: url.protocol === "http:" ? [allowHttp(library)] : [],
    });
  }
}

/** Marked as deprecated so that nobody uses it by accident. */
const allowHttp = (library: Library) =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  library.allowInsecureRequests;
