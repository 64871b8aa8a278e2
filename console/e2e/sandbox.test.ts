import { createHash } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { screen, signInByForm } from "./support/console-server";
import { newFarm } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();

/** Stands for Apollo's script, which the tests can't load: it sends an operation, and shows the answer. */
const foreignScript = `window.EmbeddedSandbox = class {
  constructor({ target, initialEndpoint, handleRequest }) {
    const show = (id, text) => {
      const element = document.createElement("output");
      element.id = id;
      element.textContent = text;
      document.querySelector(target).append(element);
    };
    const body = JSON.stringify({ query: "{ viewer { name } }" });
    handleRequest("http://elsewhere.test/", { body, headers: { cookie: "a" } })
      .then((answer) => answer.text())
      .then((text) => show("answer", text));
    fetch(initialEndpoint).then(() => show("connects", "allowed"), () => show("connects", "refused"));
  }
};`;

const cdn = /embeddable-sandbox\.cdn\.apollographql\.com/;
const headers = { "access-control-allow-origin": "*" };
const serveScript = (context: BrowserContext) =>
  context.route(cdn, (route) => route.fulfill({ body: foreignScript, contentType: "text/javascript", headers }));

/** Opens the page with the field for a key, and Sandbox from there with a key. @returns the tab with Sandbox */
async function openSandbox(page: Page, secret: string): Promise<Page> {
  await page.goto(`${server.current.url}?sandbox`);
  await page.getByLabel("Key, kept in this tab alone").fill(secret);
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("button", { name: "Open Apollo Sandbox" }).click(),
  ]);
  return tab;
}

test("Sandbox gets answers for the key of the other tab, which it can't see, and connects to nothing itself", async () => {
  const { secret } = await newFarm(server.current);
  const { page, context, faults } = await browser.visit();
  await serveScript(context);
  const integrity = `sha256-${createHash("sha256").update(foreignScript).digest("base64")}`;
  await context.route(/sandbox=tab/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/integrity="[^"]*"/, `integrity="${integrity}"`);
    await route.fulfill({ response: answer, body });
  });
  const tab = await openSandbox(page, secret);
  await tab.locator("#answer").waitFor();
  expect(JSON.parse((await tab.locator("#answer").textContent()) ?? "")).toEqual({
    data: { viewer: { name: "Barn door" } },
  });
  expect(await tab.locator("#connects").textContent()).toBe("refused");
  expect(await tab.content()).not.toContain(secret);
  expect(await tab.evaluate("opener")).toBeNull();
  expect((faults as string[]).splice(0)).toEqual([expect.stringMatching(/^policy: connect-src .*\/graphql/)]);

  await page.close();
  await tab.reload();
  await tab.getByText(/The tab with the key is closed/).waitFor();
  (faults as string[]).splice(0);
});

test("a script that is not the version that was pinned does not run, and the page says so", async () => {
  const { page, context } = await browser.visit();
  await serveScript(context);
  const tab = await openSandbox(page, "latchkey_none");
  await tab.getByText(/^Apollo Sandbox can't be loaded/).waitFor();
  expect(await tab.evaluate("typeof EmbeddedSandbox")).toBe("undefined");
});

test("a browser that opens the API lands in the explorer, which leads to Sandbox", async () => {
  const { page } = await browser.visit();
  await signInByForm(page, server.current.url);
  await screen(page, "Explorer");
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("link", { name: "Apollo Sandbox" }).click(),
  ]);
  await tab.getByRole("button", { name: "Open Apollo Sandbox" }).waitFor();
});
