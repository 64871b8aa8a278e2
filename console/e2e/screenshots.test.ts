import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { consoleOf, signIn } from "./support/console-server";
import { closeDialog, dialogsOf, newFarm, openDialog, screensOf } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();
const folder = join(__dirname, "../../dist/screenshots");

const states = (["light", "dark"] as const).flatMap((colorScheme) => [
  { name: colorScheme, colorScheme, viewport: { width: 1280, height: 800 } },
  { name: `${colorScheme}-375`, colorScheme, viewport: { width: 375, height: 740 } },
]);

test.each(states)(
  "a picture of each screen and dialog is written: $name",
  async ({ name: state, ...options }) => {
    mkdirSync(folder, { recursive: true });
    const farm = await newFarm(server.current);
    const { page } = await browser.visit({ ...options, deviceScaleFactor: 1 });
    const picture = (name: string) => page.screenshot({ path: join(folder, `${name}.${state}.png`) });
    const home = consoleOf(server.current.url);
    await page.goto(home);
    await page.getByLabel("Administrator's key").waitFor();
    await picture("sign-in");
    await signIn(page, home);
    for (const [name, path] of Object.entries(screensOf(farm))) {
      await page.goto(home + path);
      await page.locator("main h1").first().waitFor();
      await page.waitForTimeout(600);
      await picture(name);
      for (const opener of dialogsOf[name] ?? []) {
        await openDialog(page, opener);
        await page.waitForTimeout(300);
        await picture(`${name}-${opener.toLowerCase().replace("options > ", "").replaceAll(" ", "-")}`);
        await closeDialog(page);
      }
    }
    await page.goto(home + (screensOf(farm)["keys"] ?? ""));
    await page.getByRole("button", { name: "New API Key" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Pictured");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByTestId("secret").waitFor();
    await page.waitForTimeout(300);
    await picture("secret");
    await page.getByRole("checkbox", { name: "I have stored it" }).check();
    await page.getByRole("button", { name: "Done", exact: true }).click();
    await page.getByTestId("secret").waitFor({ state: "detached" });
    await page.keyboard.press("Control+K");
    await page.getByRole("option").first().waitFor();
    await page.waitForTimeout(300);
    await picture("palette");
  },
  300_000,
);
