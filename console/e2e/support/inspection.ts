import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const run = (options: object) =>
  `axe.run(document, ${JSON.stringify({ resultTypes: ["violations"], ...options })}).then(({ violations }) => violations)`;

/** axe-core's violations on the current screen. It is evaluated from outside of the page's policy. */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return found(page, run({}));
}

const rulesOfColours = ["color-contrast", "link-in-text-block"];

/** The violations on the current screen with the colours of each theme. No other rule depends on the theme. */
export async function violationsInBothThemes(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: "light" });
  const violations = await violationsIn(page);
  await page.emulateMedia({ colorScheme: "dark" });
  return [...violations, ...(await found(page, run({ runOnly: rulesOfColours })))];
}

async function found(page: Page, script: string): Promise<string[]> {
  const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(script);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

/** The elements that reach beyond the right edge of the window. */
export const widest = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return "nothing";
  const wide = [...document.querySelectorAll("main *")].filter((each) => each.getBoundingClientRect().right > clientWidth);
  return String(scrollWidth) + ": " + wide.map((each) => each.outerHTML.slice(0, 120)).join(" | ").slice(0, 800);
})()`;

/** The buttons of lists that are outside of the part of the list that is in sight. */
export const hiddenButtons = `[...document.querySelectorAll(".table-wrap")].flatMap((list) =>
  [...list.querySelectorAll("tbody tr > :last-child button")]
    .filter((button) => button.getBoundingClientRect().right > list.getBoundingClientRect().right)
    .map((button) => button.outerHTML.slice(0, 120)),
)`;
