import { adminKey, useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { screen } from "./support/console-server";
import { enter, tabTo, type } from "./support/keyboard";

const server = useServer();
const browser = useBrowser();

test("somebody with a keyboard alone signs in, makes a scope and a key, uses it, and revokes it", async () => {
  const { page } = await browser.visit();
  await page.goto(new URL("/", server.current.url).href);
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const link = (name: string | RegExp) => page.getByRole("link", { name, exact: true });
  const field = (name: string) => page.getByLabel(name, { exact: true });

  await type(page, field("Administrator's key"), adminKey);
  await page.keyboard.press("Enter");

  await screen(page, "Apps");
  await enter(page, button("New App"));
  await type(page, field("Name"), "Farm");
  await page.keyboard.press("Enter");

  await screen(page, "Scopes");
  await enter(page, link("New Scope"));
  await screen(page, "New Scope");
  await type(page, field("Name"), "Barn readers");
  await tabTo(page, page.getByRole("radio", { name: "None" }));
  await page.keyboard.press("ArrowRight");
  await tabTo(page, page.getByRole("checkbox", { name: /^Run API/ }));
  await page.keyboard.press("Space");
  await enter(page, button(/^Create/));

  await screen(page, "Barn readers");
  await enter(page, button("New API Key"));
  await type(page, field("Name"), "Barn door");
  await page.keyboard.press("Enter");

  const dialog = page.getByRole("alertdialog");
  await dialog.waitFor();
  const secret = (await page.getByTestId("secret").textContent()) ?? "";
  const viewer = await server.current.withKey(secret).data("{ viewer { name permissions { agents runtime } } }");
  expect(viewer.viewer).toEqual({ name: "Barn door", permissions: { agents: "VIEW", runtime: ["RUN"] } });
  // The focus begins on the button that copies.
  await page.keyboard.press("Enter");
  await enter(page, button("Done"));
  await dialog.waitFor({ state: "detached" });

  await enter(page, link("Barn door"));
  await screen(page, "Barn door");
  await enter(page, button("Revoke"));
  const confirmation = page.getByLabel(/^It was used in the last 7 days/);
  await page.getByRole("button", { name: "Revoke the key" }).waitFor();
  await confirmation.waitFor({ timeout: 2_000 }).catch(() => undefined);
  if (await confirmation.isVisible()) await type(page, confirmation, "Barn door");
  await enter(page, button("Revoke the key"));
  await enter(page, button("Done"));
  expect((await server.current.withKey(secret).errors("{ viewer { name } }"))[0]?.extensions["reason"]).toBe(
    "KEY_REVOKED",
  );
});
