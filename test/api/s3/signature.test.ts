import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readDocument } from "../../support/documents";
import { useProcesses } from "../../support/process";
import { S3Server } from "../../support/s3-server";

jest.setTimeout(90_000);
const processes = useProcesses();
const secretAccessKey = "a/secret+with=signs";
const sessionToken = "a+session/token==";

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** The expected signature of a request, by Amazon's description of AWS Signature Version 4. */
function signatureOf(
  { method = "", url = "", headers }: IncomingMessage,
  signedHeaders: string,
  scope: string,
): string {
  const { pathname, searchParams } = new URL(url, "http://x");
  const path = pathname.split("/").map((part) => encoded(decodeURIComponent(part)));
  const search = [...searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort();
  const canonical = [
    method,
    path.join("/"),
    search.join("&"),
    ...signedHeaders.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signedHeaders,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, text).toString("hex");
}

/** @returns undefined if the request is signed correctly */
function faultOf(message: IncomingMessage, body: Buffer): string | undefined {
  const { authorization = "", "x-amz-content-sha256": digest, "x-amz-date": date = "" } = message.headers;
  const [, scope = "", signedHeaders = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=S3RVER\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(authorization) ?? [];
  const mustBeSigned = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
  if (!mustBeSigned.every((name) => signedHeaders.split(";").includes(name))) return "a header is not signed";
  if (message.headers["x-amz-security-token"] !== sessionToken) return "wrong session token";
  if (scope !== `${String(date).slice(0, 8)}/us-east-1/s3/aws4_request`) return "wrong scope";
  if (message.method === "PUT" && digest === "UNSIGNED-PAYLOAD") return "unsigned content";
  if (digest !== "UNSIGNED-PAYLOAD" && digest !== sha256(body)) return "wrong content digest";
  return signature === signatureOf(message, signedHeaders, scope) ? undefined : "wrong signature";
}

test("every request to the bucket and its body are signed by AWS Signature Version 4", async () => {
  const s3 = await S3Server.start();
  const endpoint = new URL(new URL(s3.environment["STORAGE_URL"] ?? "").searchParams.get("endpoint") ?? "");
  const seen: string[] = [];
  const handle = async (message: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const kind = `${message.method ?? ""}${message.url?.includes("list-type") ? " list" : ""}`;
    seen.push(`${kind}: ${faultOf(message, body) ?? "right"}`);
    const { method, url: path, headers } = message;
    const forwarded = request({ host: endpoint.hostname, port: endpoint.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.end(body);
  };
  const proxy = createServer((message, response) => void handle(message, response)).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  try {
    const { port } = proxy.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}`;
    const environment = {
      ...(await processes.fresh()),
      STORAGE_URL: `s3://latchkey/kept/here?endpoint=${address}&pathStyle=true`,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    const server = await processes.serve(environment);
    const app = await server.newApp();
    const sessionId = await app.session();
    const [id, empty] = [await app.document(sessionId), await app.document(sessionId, "")];
    await readDocument(server.admin, sessionId);
    const { documentContent } = await server.admin.data(`query ($id: ID!) { documentContent(id: $id) { url } }`, {
      id,
    });
    expect(await (await fetch(new URL(documentContent.url as string, server.url))).text()).toBe("The barn is red.");
    // The continuation token of the next page has to be signed too.
    for (let i = 0; i < 1_000; i++) await s3.plant(`note ${i}`, "");
    await processes.run(environment, "storage", "sweep").exited;
    for (const each of [id, empty]) {
      await server.admin.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id: each });
    }
    expect(new Set(seen)).toEqual(new Set(["GET list: right", "PUT: right", "GET: right", "DELETE: right"]));
    expect(s3.names().filter((name) => !name.startsWith("note"))).toEqual([]);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
    await s3.stop();
  }
});
