import type { IncomingMessage } from "node:http";
import { malformedCredential } from "../../errors";

/** All cookies have these attributes. Without a path, a cookie is good under `/console/` alone, below any prefix. */
const attributes = "HttpOnly; SameSite=Strict";

/** A person may take this long to sign in at an issuer. */
const pendingSeconds = 600;

/** The cookie of a session of the console. */
export class SessionCookie {
  private readonly name: string;

  /** @param installationId tells apart what runs on several ports of a host, as cookies know no ports */
  constructor(installationId: string) {
    this.name = `latchkey-${installationId}`;
  }

  /** The browser returns from the issuer by a link of another site, for which `Strict` would hold the cookie back. */
  writePending(value: string, isSecure: boolean): string {
    const secure = isSecure ? "; Secure" : "";
    return `${this.name}-sign-in=${value}; Max-Age=${pendingSeconds}; HttpOnly; SameSite=Lax${secure}`;
  }

  readPending({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">): string | undefined {
    return this.valuesOf(`${this.name}-sign-in`, headersDistinct)[0];
  }

  /**
   * @returns the token; undefined if the request has no such cookie
   * @throws UNAUTHENTICATED if it has several
   */
  read({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">): string | undefined {
    const values = this.valuesOf(this.name, headersDistinct);
    if (new Set(values).size > 1) throw malformedCredential("SEVERAL_CREDENTIALS");
    return values[0];
  }

  private valuesOf(name: string, headersDistinct: IncomingMessage["headersDistinct"]): string[] {
    return (headersDistinct["cookie"] ?? [])
      .flatMap((header) => header.split(";"))
      .map((pair) => pair.trim().split("="))
      .filter(([each]) => each === name)
      .map(([, value = ""]) => value);
  }

  /** The value of `set-cookie` that signs in. */
  write(token: string, expiresAt: Date, isSecure: boolean): string {
    const seconds = Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1_000));
    return `${this.name}=${token}; Max-Age=${seconds}; ${attributes}${isSecure ? "; Secure" : ""}`;
  }

  /** The value of `set-cookie` that signs out. */
  remove(): string {
    return `${this.name}=; Max-Age=0; ${attributes}`;
  }
}
