import { audience, OidcIssuer } from "../../support/oidc-issuer";
import { freePort } from "../../support/free-port";
import { TestServer } from "../../support/server";

let issuer: OidcIssuer;
let server: TestServer;
beforeAll(async () => {
  issuer = await OidcIssuer.start();
  const port = await freePort();
  server = await TestServer.start({
    PORT: String(port),
    CONSOLE_URL: `http://127.0.0.1:${port}/console`,
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: audience,
    OIDC_CLIENT_ID: "console",
    OIDC_ROLE_MAP: "latchkey-admins=ADMIN,auditors=AUDITOR",
  });
});
afterAll(async () => {
  await server.stop();
  await issuer.stop();
});

/** A browser that follows redirects, and keeps the cookies of each origin. */
class Surfer {
  private readonly jars = new Map<string, Map<string, string>>();

  async get(address: string): Promise<Response & { readonly address: string }> {
    let url = new URL(address);
    for (let i = 0; i < 12; i++) {
      const jar = this.jarOf(url);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, { redirect: "manual", headers: { cookie, accept: "text/html" } });
      for (const text of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
        jar.set(name, value);
      }
      const location = response.headers.get("location");
      if (location === null) return Object.assign(response, { address: url.href });
      url = new URL(location, url);
    }
    throw new Error(`There is no end of redirects at ${url.href}`);
  }

  private jarOf({ origin }: URL): Map<string, string> {
    const jar = this.jars.get(origin) ?? new Map<string, string>();
    this.jars.set(origin, jar);
    return jar;
  }
}

const at = (path: string) => new URL(`/console/${path}`, server.url).href;
const sessionOf = async (surfer: Surfer): Promise<unknown> => (await surfer.get(at("session"))).json();

test("an administrator of the issuer is led there and back, and is signed in with the role that it says", async () => {
  await issuer.setClaims("grace", { roles: ["auditors"] });
  const surfer = new Surfer();
  expect(await sessionOf(surfer)).toMatchObject({ signedIn: false, signInWith: { issuer: issuer.url } });
  const { status, address } = await surfer.get(at("sign-in"));
  expect([status, address]).toEqual([200, at("")]);
  expect(await sessionOf(surfer)).toMatchObject({
    signedIn: true,
    viewer: { name: "OpenID Connect (grace)", role: "AUDITOR" },
  });
});

test("a browser that brings back what another one began is not signed in", async () => {
  await issuer.setClaims("grace", { roles: ["latchkey-admins"] });
  const begun = await fetch(at("sign-in"), { redirect: "manual" });
  const victim = new Surfer();
  await victim.get(begun.headers.get("location") ?? "");
  expect(await sessionOf(victim)).toMatchObject({ signedIn: false });
});

test("a subject without a role is told so, and is not signed in", async () => {
  await issuer.setClaims("grace", { roles: ["guests"] });
  const surfer = new Surfer();
  const { status } = await surfer.get(at("sign-in"));
  expect(status).toBe(401);
  expect(await sessionOf(surfer)).toMatchObject({ signedIn: false });
});
