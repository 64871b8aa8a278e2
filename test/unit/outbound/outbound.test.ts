import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isPublicAddress } from "../../../src/platform/outbound/address";
import { allowedHostsOf, isAllowed } from "../../../src/platform/outbound/allowed-hosts";
import { postWebhook } from "../../../src/domain/callback/post-webhook";
import { type Lookup, Outbound } from "../../../src/platform/outbound/outbound";

test.each([
  "127.0.0.1",
  "127.255.255.254",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "192.0.0.8",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "fec0::1",
  "fc00::1",
  "fd12:3456::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.0.0.1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::a00:1",
  "2002:7f00:1::",
  "2001:db8::1",
  "168.63.129.16",
  "::ffff:168.63.129.16",
  "::8.8.8.8",
  "::168.63.129.16",
  "2606:4700::5efe:10.0.0.5",
  "2606:4700::200:5efe:10.0.0.5",
  "2606:4700::5efe:8.8.8.8",
  "fe80::5efe:10.0.0.5",
  "2001:0:53aa:64c::f5ff:fffa",
  "64:ff9b:1::a00:5",
  "2002:a00:5::",
  "3fff::1",
  "4000::1",
  "5f00::1",
  "not an address",
  "",
])("%s is not on the public network", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])(
  "%s is on the public network",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test("a host is allowed by name, at one port or at any port", () => {
  const hosts = allowedHostsOf(" Ollama:11434, 10.0.0.5 ,[::1]:8080,") ?? [];
  expect(hosts).toEqual([
    { hostname: "ollama", port: 11_434 },
    { hostname: "10.0.0.5", port: undefined },
    { hostname: "[::1]", port: 8_080 },
  ]);
  expect(isAllowed(hosts, "ollama", 11_434)).toBe(true);
  expect(isAllowed(hosts, "ollama", 80)).toBe(false);
  expect(isAllowed(hosts, "10.0.0.5", 1)).toBe(true);
  expect(isAllowed(hosts, "10.0.0.50", 1)).toBe(false);
  expect(isAllowed(hosts, "[::1]", 8_080)).toBe(true);
  expect(allowedHostsOf("")).toEqual([]);
});

test.each(["http://a", "a/b", "a:0", "a:65536", "a:b", "user@a", "a b", "::1", "[::1", "*", "a?b", "a#b"])(
  "%s is not a valid host",
  (text) => {
    expect(allowedHostsOf(`good,${text}`)).toBeUndefined();
  },
);

describe("a request", () => {
  let server: Server;
  let port: number;
  let requests: string[];
  const outbounds: Outbound[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url ?? "");
      if (request.url === "/redirect") response.writeHead(302, { location: "/target" });
      if (request.url === "/large") {
        const line = `${"x".repeat(1_000)}\n`.repeat(1_000);
        const send = () => {
          while (!response.destroyed && response.write(line));
        };
        response.on("drain", send);
        send();
      } else if (request.url === "/line") response.end("x".repeat(2 * 1_024 * 1_024));
      else response.end("ok");
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => void (requests = []));
  afterAll(async () => {
    await Promise.all(outbounds.map((outbound) => outbound.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function outbound(allowed: string, lookup?: Lookup): Outbound {
    const created = new Outbound(allowedHostsOf(allowed) ?? [], lookup);
    outbounds.push(created);
    return created;
  }
  const textOf = async (client: Outbound, url: string) => (await client.fetch(url)).text();
  const refused = { cause: expect.objectContaining({ name: "OutboundRefusedError" }) };

  test.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0"])(
    "to %s is refused before a byte is sent",
    async (host) => {
      const client = outbound("");
      expect(await client.refuses(new URL(`http://${host}:${port}/`))).toBe(true);
      await expect(client.fetch(`http://${host}:${port}/`)).rejects.toMatchObject(refused);
      expect(requests).toEqual([]);
    },
  );

  test.each(["127.0.0.1", "localhost"])("to %s is sent if this name and port are allowed", async (host) => {
    const client = outbound(`${host}:${port}`);
    expect(await client.refuses(new URL(`http://${host}:${port}/`))).toBe(false);
    expect(await textOf(client, `http://${host}:${port}/`)).toBe("ok");
    expect(await client.refuses(new URL(`http://${host}:${port === 1 ? 2 : 1}/`))).toBe(true);
  });

  test("to a name is refused if only its address is allowed, and the other way round", async () => {
    await expect(outbound("127.0.0.1").fetch(`http://localhost:${port}/`)).rejects.toMatchObject(refused);
    await expect(outbound("localhost").fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(refused);
  });

  test("to a name that resolves to a private address only when it connects (DNS rebinding) is refused", async () => {
    const answers = ["93.184.215.14", "127.0.0.1"];
    const client = outbound("", (_, __, callback) =>
      callback(null, [{ address: answers.shift() ?? "127.0.0.1", family: 4 }]),
    );
    const url = `http://rebinding.example:${port}/`;
    expect(await client.refuses(new URL(url))).toBe(false);
    await expect(client.fetch(url)).rejects.toMatchObject(refused);
    expect(requests).toEqual([]);
  });

  test("to a name with several addresses connects to public addresses only", async () => {
    const lookups: string[] = [];
    const client = outbound("", (hostname, _, callback) => {
      lookups.push(hostname);
      callback(null, [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ]);
    });
    await expect(client.fetch(`http://two.example:${port}/`)).rejects.toMatchObject(refused);
    expect(lookups).toEqual(["two.example"]);
    expect(requests).toEqual([]);
  });

  test("to a name that does not resolve is not refused, as the name may resolve later", async () => {
    const failed = Object.assign(new Error("not found"), { code: "ENOTFOUND" });
    const client = outbound("", (_, __, callback) => callback(failed, []));
    expect(await client.refuses(new URL("http://nowhere.example/"))).toBe(false);
    await expect(client.fetch("http://nowhere.example/")).rejects.toMatchObject({ cause: { code: "ENOTFOUND" } });
  });

  test("to a host that a key has chosen is refused in the same way if it is private and if it does not exist", async () => {
    const failed = Object.assign(new Error("not found"), { code: "ENOTFOUND", syscall: "getaddrinfo" });
    const client = outbound("allowed", (hostname, _, callback) => {
      if (hostname === "nowhere.example") callback(failed, []);
      else if (hostname === "busy.example") callback(Object.assign(new Error("busy"), { code: "EAI_AGAIN" }), []);
      else callback(null, [{ address: hostname === "public.example" ? "93.184.215.14" : "10.0.0.5", family: 4 }]);
    });
    const refuses = (host: string) => client.refusesOrCantResolve(new URL(`http://${host}/`));
    expect([await refuses("nowhere.example"), await refuses("private.example")]).toEqual([true, true]);
    expect([await refuses("10.0.0.5"), await refuses("[::1]")]).toEqual([true, true]);
    // A resolver that is out of order says nothing about the name.
    expect([await refuses("busy.example"), await refuses("public.example"), await refuses("allowed")]).toEqual([
      false,
      false,
      false,
    ]);

    const attempt = (host: string) =>
      postWebhook(client.post, { url: `http://${host}/`, headers: {}, body: "" }, new AbortController(), 5_000);
    const hostRefused = { httpStatus: null, error: "ADDRESS_REFUSED" };
    for (const host of ["nowhere.example", "private.example", "10.0.0.5"])
      expect(await attempt(host)).toEqual(hostRefused);
  });

  test("returns a redirect without following it", async () => {
    const response = await outbound(`127.0.0.1:${port}`).fetch(`http://127.0.0.1:${port}/redirect`);
    expect(response.status).toBe(302);
    await response.text();
    expect(requests).toEqual(["/redirect"]);
  });

  test.each(["/large", "/line"])("fails once the response exceeds a limit: %s", async (path) => {
    await expect(textOf(outbound(`127.0.0.1:${port}`), `http://127.0.0.1:${port}${path}`)).rejects.toMatchObject({
      name: "ResponseTooLargeError",
    });
  });
});
