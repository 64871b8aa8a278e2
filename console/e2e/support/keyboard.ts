import type { Locator, Page } from "playwright-core";

/** The most presses of Tab that it may take to get anywhere on a screen. */
const maxPresses = 80;

/** Goes to an element as somebody does who has only a keyboard. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.first().waitFor();
  for (let i = 0; i < maxPresses; i++) {
    if ((await target.and(page.locator(":focus")).count()) > 0) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${String(target)} was not reached by ${maxPresses} presses of Tab`);
}

/** Goes to a button or link, and presses Enter. */
export async function enter(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

/** Goes to a field, and types a text. */
export async function type(page: Page, target: Locator, text: string): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.type(text);
}
