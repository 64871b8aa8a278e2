import type { Page } from "playwright-core";
import { eventually } from "../../test/support/runs";
import { useServer } from "../../test/support/server";
import { hiddenButtons, violationsInBothThemes, widest } from "./support/inspection";
import { useBrowser } from "./support/browser";
import { consoleOf, signIn } from "./support/console-server";
import { closeDialog, dialogsOf, type Farm, newFarm, openDialog, screensOf } from "./support/fixtures";

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

/** Waits until no element reaches beyond the right edge, as a plot is drawn again only after the window has its size. */
async function expectNarrow(page: Page, name: string): Promise<void> {
  const isNarrow = async () => (await page.evaluate(widest)) === "nothing";
  await eventually(isNarrow, 1_000).catch(() => undefined);
  expect([await page.evaluate(widest), name]).toEqual(["nothing", name]);
  expect([await page.evaluate(hiddenButtons), name]).toEqual([[], name]);
}

test.each([
  ["1280 px", { width: 1280, height: 800 }, { width: 640, height: 400 }],
  ["375 px", { width: 375, height: 740 }, undefined],
])(
  "no screen violates its policy or a rule of axe-core, scrolls sideways, or hides the buttons of a list, in either theme: %s",
  async (_, viewport, zoomed) => {
    const { page } = await browser.visit({ viewport });
    const home = consoleOf(server.current.url);
    await page.goto(home);
    await page.getByLabel("Administrator's key").waitFor();
    expect([await violationsInBothThemes(page), "sign-in"]).toEqual([[], "sign-in"]);
    await signIn(page, home);
    for (const [name, path] of Object.entries(screensOf(farm))) {
      await page.goto(home + path);
      await settled(page);
      expect([await violationsInBothThemes(page), name]).toEqual([[], name]);
      await expectNarrow(page, name);
      for (const opener of dialogsOf[name] ?? []) {
        await openDialog(page, opener);
        expect([await violationsInBothThemes(page), `${name}: ${opener}`]).toEqual([[], `${name}: ${opener}`]);
        await closeDialog(page);
      }
      if (!zoomed) continue;
      // The same as a zoom of 200 %.
      await page.setViewportSize(zoomed);
      await expectNarrow(page, `${name} at a zoom of 200 %`);
      await page.setViewportSize(viewport);
    }
  },
  180_000,
);
