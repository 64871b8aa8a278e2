import { type ChildProcess, fork } from "node:child_process";
import type { JsonWebKeyInput } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";

export const audience = "https://latchkey.test";

/** An OpenID Connect issuer in a process of its own, made with `oidc-provider`. */
export class OidcIssuer {
  private lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<OidcIssuer> {
    const child = fork(join(__dirname, "oidc-issuer-process.mjs"), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: ["--no-warnings"],
    });
    const [{ issuer }] = (await once(child, "message")) as [{ issuer: string }];
    return new OidcIssuer(child, issuer);
  }

  /** The claims of its next tokens for a client, beside the standard ones. */
  setClaims(client: string, claims: object): Promise<unknown> {
    return this.tell("setClaims", client, claims);
  }

  /** Replaces its keys, as if they had leaked. */
  rotateKeys(): Promise<unknown> {
    return this.tell("rotateKeys");
  }

  /** A token with its signature that it would not issue. */
  sign(payload: object, header: object = {}): Promise<string> {
    return this.tell("sign", payload, header) as Promise<string>;
  }

  /** The number of fetches of its keys. */
  keyRequests(): Promise<number> {
    return this.tell("keyRequests") as Promise<number>;
  }

  /** A token as the issuer issues it. */
  async token(client: string, resource = audience): Promise<string> {
    const response = await fetch(`${this.url}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${client}:a-secret-of-the-client`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", resource }),
    });
    const body = (await response.json()) as { access_token?: string };
    if (body.access_token === undefined) throw new Error(`The issuer answered ${JSON.stringify(body)}`);
    return body.access_token;
  }

  /** The public key that signs its tokens, as a JSON Web Key. */
  async publicKey(): Promise<JsonWebKeyInput["key"]> {
    const { keys } = (await (await fetch(`${this.url}/jwks`)).json()) as { keys: [JsonWebKeyInput["key"]] };
    return keys[0];
  }

  async stop(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.disconnect();
    await ended;
  }

  private async tell(command: string, ...args: unknown[]): Promise<unknown> {
    const id = ++this.lastId;
    const answered = new Promise((resolve) => {
      const listen = (message: { id: number; result: unknown }) => {
        if (message.id !== id) return;
        this.child.off("message", listen);
        resolve(message.result);
      };
      this.child.on("message", listen);
    });
    this.child.send({ id, command, args });
    return answered;
  }
}
