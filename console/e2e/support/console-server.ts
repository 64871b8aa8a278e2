import type { Page } from "playwright-core";
import { adminKey } from "../../../test/support/server";

/** The address of the console of a server. @param apiUrl that of its API */
export const consoleOf = (apiUrl: string): string => new URL("console/", apiUrl).href;

/** Opens an address of the console, and signs in there as the administrator. */
export async function signIn(page: Page, address: string, key = adminKey): Promise<void> {
  await page.goto(address);
  await page.getByLabel("Administrator's key").fill(key);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor({ state: "detached" });
  await page.locator("main h1").first().waitFor();
}

/** Waits until the screen with this title is shown. */
export const screen = (page: Page, title: string | RegExp): Promise<void> =>
  page.getByRole("heading", { level: 1, name: title }).waitFor();
