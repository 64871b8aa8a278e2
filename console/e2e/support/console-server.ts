import type { Page } from "playwright-core";
import { adminKey } from "../../../test/support/server";

/** The address of the console of a server. @param apiUrl that of its API */
export const consoleOf = (apiUrl: string): string => new URL("console/", apiUrl).href;

/** Signs in as the console does, and opens an address of it. */
export async function signIn(page: Page, address: string, key = adminKey): Promise<void> {
  const response = await page.context().request.post(address.replace(/\/console\/.*$/, "/console/session"), {
    data: { credential: key },
    headers: { "x-latchkey-console": "1" },
  });
  expect(response.status()).toBe(200);
  await page.goto(address);
  await page.locator("main h1").first().waitFor();
}

/** Opens an address of the console, and signs in there by its form. */
export async function signInByForm(page: Page, address: string, key = adminKey): Promise<void> {
  await page.goto(address);
  await page.getByLabel("Administrator's key").fill(key);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor({ state: "detached" });
  await page.locator("main h1").first().waitFor();
}

/** Waits until the screen with this title is shown. */
export const screen = (page: Page, title: string | RegExp): Promise<void> =>
  page.getByRole("heading", { level: 1, name: title }).waitFor();
