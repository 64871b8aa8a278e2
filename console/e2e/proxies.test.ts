import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adminKey, useServer } from "../../test/support/server";
import { plainHost, useBrowser } from "./support/browser";
import { screen, signInByForm } from "./support/console-server";
import { newFarm } from "./support/fixtures";
import { nginxPath, startNginx } from "./support/nginx";
import { startSubPathProxy } from "./support/sub-path-proxy";

const server = useServer();
const browser = useBrowser();

test("the console works below a path of a proxy, at every depth, and its cookie stays there", async () => {
  const farm = await newFarm(server.current);
  const proxy = await startSubPathProxy(server.current.url, "/tools/latchkey/");
  try {
    const { page, context } = await browser.visit();
    const failed: string[] = [];
    page.on("response", (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });
    await signInByForm(page, proxy.url);
    expect(page.url()).toBe(`${proxy.url}console/apps`);
    for (const { path } of await context.cookies()) expect(path).toBe("/tools/latchkey/console");
    await page.goto(`${proxy.url}console/apps/${farm.app.id}/scopes/${farm.scopeId}/keys`);
    await screen(page, "Barn readers");
    await page.getByRole("link", { name: "Barn door", exact: true }).click();
    await screen(page, "Barn door");
    await page.reload();
    await screen(page, "Barn door");
    expect(failed).toEqual([]);
  } finally {
    proxy.close();
  }
});

test("two servers below two paths do not sign each other out", async () => {
  const [one, other] = [
    await startSubPathProxy(server.current.url, "/one/"),
    await startSubPathProxy(server.current.url, "/other/"),
  ];
  try {
    const { page, context } = await browser.visit();
    await signInByForm(page, one.url);
    await signInByForm(page, other.url);
    expect(await context.cookies()).toHaveLength(2);
    await page.goto(`${one.url}console/apps`);
    await screen(page, "Apps");
  } finally {
    one.close();
    other.close();
  }
});

/** The location that the documentation gives for nginx, for this server and this path. */
function documentedLocation(): string {
  const text = readFileSync(join(__dirname, "../../docs/console.md"), "utf8");
  const [, location = ""] = /```nginx\n([^`]+)```/.exec(text) ?? [];
  expect(location).toContain("location /latchkey/ {");
  return location
    .replace("/latchkey/", "/tools/latchkey/")
    .replace("http://127.0.0.1:4000/", new URL("/", server.current.url).href);
}

if (nginxPath === undefined)
  console.warn("nginx is not installed (apt-get install nginx-light): ITS TESTS ARE LEFT OUT.");
const withNginx = nginxPath === undefined ? test.skip : test;

withNginx("the console works behind nginx as the documentation configures it, with streams", async () => {
  const farm = await newFarm(server.current);
  const nginx = await startNginx(documentedLocation());
  try {
    const home = `http://${plainHost}:${nginx.port}/tools/latchkey/console/`;
    const { page, context } = await browser.visit();
    const failed: string[] = [];
    page.on("response", (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });
    await signInByForm(page, `${home}apps/${farm.app.id}/keys/${farm.keyId}`);
    await screen(page, "Barn door");
    for (const { path } of await context.cookies()) expect(path).toBe("/tools/latchkey/console");
    await page.goto(`http://${plainHost}:${nginx.port}/tools/latchkey/graphql`);
    await screen(page, "Explorer");
    expect(page.url()).toBe(`${home}explorer`);
    await page.goto(`${home}apps/${farm.app.id}/try?agent=${farm.agentId}`);
    await page.getByRole("textbox", { name: "Message" }).fill("What colour is the barn?");
    await page.keyboard.press("Enter");
    await page
      .getByText(/The barn|no documents|has none|nothing/i)
      .first()
      .waitFor();
    expect(failed).toEqual([]);
  } finally {
    await nginx.stop();
  }
});

withNginx(
  "a sign-in that nginx hands on without the name of the host is refused, and says what nginx has to pass",
  async () => {
    const target = new URL("/", server.current.url).href;
    const nginx = await startNginx(`location /latchkey/ { proxy_pass ${target}; }`);
    try {
      const { page } = await browser.visit();
      await page.goto(`http://${plainHost}:${nginx.port}/latchkey/console/`);
      await page.getByLabel("Administrator's key").fill(adminKey);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByText(/proxy_set_header Host \$http_host;/).waitFor();
    } finally {
      await nginx.stop();
    }
  },
);
