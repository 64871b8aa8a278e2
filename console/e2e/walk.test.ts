import type { Page } from "playwright-core";
import { useServer } from "../../test/support/server";
import { violationsIn, widest } from "./support/inspection";
import { useBrowser } from "./support/browser";
import { consoleOf, signIn } from "./support/console-server";
import { dialogsOf, type Farm, newFarm, screensOf } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();
let farm: Farm;
beforeAll(async () => {
  farm = await newFarm(server.current);
});

/** Waits until nothing is loaded any more. */
const settled = async (page: Page): Promise<void> => {
  await page.locator("main h1").first().waitFor();
  await page
    .locator("[aria-busy=true], .skeleton")
    .first()
    .waitFor({ state: "detached" })
    .catch(() => undefined);
};

const states = (["light", "dark"] as const).flatMap((colorScheme) => [
  { colorScheme, viewport: { width: 1280, height: 800 } },
  { colorScheme, viewport: { width: 375, height: 740 } },
]);

test.each(states)("no screen violates its policy or a rule of axe-core: %p", async (options) => {
  const { page } = await browser.visit(options);
  const home = consoleOf(server.current.url);
  await page.goto(home);
  await page.getByLabel("Administrator's key").waitFor();
  expect([await violationsIn(page), "sign-in"]).toEqual([[], "sign-in"]);
  await signIn(page, home);
  for (const [name, path] of Object.entries(screensOf(farm))) {
    await page.goto(home + path);
    await settled(page);
    expect([await violationsIn(page), name]).toEqual([[], name]);
    for (const button of dialogsOf[name] ?? []) {
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.locator("[role=dialog], [role=alertdialog]").waitFor();
      expect([await violationsIn(page), `${name}: ${button}`]).toEqual([[], `${name}: ${button}`]);
      await page.keyboard.press("Escape");
      await page.locator("[role=dialog], [role=alertdialog]").waitFor({ state: "detached" });
    }
  }
});

test.each([
  ["375 px", { width: 375, height: 740 }],
  ["a zoom of 200 %", { width: 640, height: 400 }],
])("no screen scrolls sideways at %s", async (_, viewport) => {
  const { page } = await browser.visit({ viewport });
  const home = consoleOf(server.current.url);
  await signIn(page, home);
  for (const [name, path] of Object.entries(screensOf(farm))) {
    await page.goto(home + path);
    await settled(page);
    expect([name, await page.evaluate(widest)]).toEqual([name, "nothing"]);
  }
});
