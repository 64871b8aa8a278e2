import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** axe-core's violations on the current screen. It is evaluated from outside of the page's policy. */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

/** The elements that reach beyond the right edge of the window. */
export const widest = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return "nothing";
  const wide = [...document.querySelectorAll("main *")].filter((each) => each.getBoundingClientRect().right > clientWidth);
  return String(scrollWidth) + ": " + wide.map((each) => each.outerHTML.slice(0, 120)).join(" | ").slice(0, 800);
})()`;
