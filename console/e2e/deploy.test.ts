import type { Page } from "playwright-core";
import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { consoleOf, screen, signIn } from "./support/console-server";
import { newFarm } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();

/** From now on, the files that an open tab asks for are gone; a page that is loaded anew gets those of the new version. */
async function deploy(page: Page): Promise<void> {
  let isOldTab = true;
  await page.route("**/console/**", (route) => {
    const request = route.request();
    if (request.isNavigationRequest()) isOldTab = false;
    const isGone = isOldTab && /assets\/.*\.js$/.test(request.url());
    return route.continue(isGone ? { url: request.url().replace(/\.js$/, ".gone.js") } : {});
  });
}

const newerVersion = (page: Page) =>
  page.getByText("There is a newer version of the console", { exact: false }).first();
const openForm = (page: Page) => page.getByRole("button", { name: "New API Key" }).click();

test("an old tab is told after a deploy that its files are gone, and goes on once it was loaded again", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.firstVisit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes/${farm.scopeId}/keys`);
  await screen(page, "Barn readers");
  await deploy(page);
  await openForm(page);
  await newerVersion(page).waitFor();
  await page.getByRole("button", { name: "Load again" }).click();
  await screen(page, "Barn readers");
  await openForm(page);
  await page.getByLabel("Name", { exact: true }).waitFor();
});

test("the way to another screen leads to it after a deploy, by loading the new version", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.firstVisit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes`);
  await deploy(page);
  await page.getByRole("link", { name: "Usage" }).click();
  await screen(page, "Usage");
});

test("a deploy does not take away a secret that is shown, nor what was typed", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.firstVisit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes/${farm.scopeId}/keys`);
  await screen(page, "Barn readers");
  await openForm(page);
  await page.getByLabel("Name", { exact: true }).fill("Made before");
  await deploy(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const secret = await page.getByTestId("secret").textContent();
  expect(secret).toMatch(/^latchkey_\w{49}$/);
  await page.getByText("Python", { exact: true }).click();
  await page.getByRole("button", { name: "Try the key" }).click();
  await page.getByText("Works, as").waitFor();
  // A part that is asked for by something else on the screen is missing.
  await page.evaluate(`dispatchEvent(new Event("vite:preloadError", { cancelable: true }))`);
  await page.keyboard.press("Control+K");
  await page.waitForTimeout(300);
  expect(await page.getByTestId("secret").textContent()).toBe(secret);
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await page.getByRole("link", { name: "Made before", exact: true }).waitFor();
  await newerVersion(page).waitFor();
  await page.getByRole("button", { name: "Load it" }).click();
  await screen(page, "Barn readers");
});
