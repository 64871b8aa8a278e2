/* A real OpenID Connect issuer on loopback, which its parent tells what to do. */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import Provider from "oidc-provider";

const claims = {};
let [handler, key, requests] = [undefined, undefined, 0];
const server = createServer((request, response) => {
  if (request.url.startsWith("/jwks")) requests += 1;
  handler(request, response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

async function newProvider() {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  key = { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: `key-${Date.now()}-${Math.random()}` };
  const provider = new Provider(issuer, {
    clients: [
      ...["ada", "eve", "mallory"].map((id) => ({
        client_id: id,
        client_secret: "a-secret-of-the-client",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      })),
      // A native client may have any port.
      {
        client_id: "console",
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: ["http://127.0.0.1/console/callback"],
      },
    ],
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...claims[accountId] }) }),
    // Every visitor is signed in as `grace`, and agrees to everything.
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async (context) => {
      const { client, session, params } = context.oidc;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      grant.addResourceScope("https://latchkey.test", "");
      await grant.save();
      return grant;
    },
    jwks: { keys: [key] },
    cookies: { keys: ["a key of cookies"] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "https://latchkey.test",
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, audience) => ({
          scope: "",
          audience,
          accessTokenFormat: "jwt",
          accessTokenTTL: 300,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (_context, token) => claims[token.accountId ?? token.clientId],
  });
  const serve = provider.callback();
  handler = (request, response) =>
    request.url.startsWith("/interaction/")
      ? void provider.interactionFinished(request, response, { login: { accountId: "grace" }, consent: {} })
      : serve(request, response);
}
await newProvider();

const commands = {
  setClaims: ([client, more]) => void (claims[client] = more),
  rotateKeys: newProvider,
  /** Signs what the issuer would not: claims and header are the caller's. */
  sign: async ([payload, header]) =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", kid: key.kid, ...header })
      .sign(await importJWK(key, "RS256")),
  keyRequests: () => requests,
};
process.on("message", async ({ id, command, args }) => {
  process.send({ id, result: await commands[command](args) });
});
process.on("disconnect", () => process.exit());
process.send({ issuer });
