import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { consoleOf, screen, signIn } from "./support/console-server";
import { closeDialog, dialogsOf, type Farm, longName, newFarm, openDialog, screensOf } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();
let farm: Farm;
beforeAll(async () => {
  farm = await newFarm(server.current);
});
const home = () => consoleOf(server.current.url);

test("names in any script stay in their cells: right to left at the left edge, Chinese whole, long ones cut in the middle", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}${screensOf(farm)["keys"]}`);
  const cell = (name: string) => page.getByRole("link", { name, exact: true });
  const box = async (name: string) => (await cell(name).boundingBox()) ?? { x: 0, width: 0, height: 0 };
  const [latin, arabic, chinese] = [await box("Barn door"), await box("مفتاح الحظيرة"), await box("農場の鍵")];
  expect(arabic.x).toBe(latin.x);
  expect(chinese.x).toBe(latin.x);
  // A font without the letters would draw boxes, all of one width: four Chinese letters are wider than four Latin ones.
  expect(chinese.width).toBeGreaterThanOrEqual(4 * 13);
  const cut = page.locator("main a bdi[data-tip]").filter({ hasText: "…" }).first();
  expect(await cut.getAttribute("data-tip")).toBe(longName);
  expect((await cut.textContent()) ?? "").toMatch(/^a+…a+$/);
  await cell("مفتاح الحظيرة").click();
  await screen(page, "مفتاح الحظيرة");
  const direction = `getComputedStyle(document.querySelector("main h1 bdi")).unicodeBidi`;
  expect(await page.evaluate(direction)).toBe("isolate");
});

/** Elements that are drawn with a colour that the person has not chosen, or that look like something else. */
const inForcedColours = `(() => {
  const paint = (selector, property) => {
    const element = document.querySelector(selector);
    return element && getComputedStyle(element)[property];
  };
  return {
    granted: paint(".mark-bar", "fill"),
    text: getComputedStyle(document.body).color,
    withheld: paint(".mark-ghost", "fill"),
    outline: paint(".mark-ghost", "stroke"),
    canvas: getComputedStyle(document.body).backgroundColor,
  };
})()`;

test("with forced colours the permissions are told apart, and what is chosen and focused is outlined", async () => {
  const { page } = await browser.visit({ forcedColors: "active" });
  await signIn(page, `${home()}${screensOf(farm)["scopes"]}`);
  await page.locator(".mark-bar").first().waitFor();
  const seen = await page.evaluate<Record<string, string>>(inForcedColours);
  expect(seen["granted"]).toBe(seen["text"]);
  expect(seen["withheld"]).toBe("none");
  expect([seen["text"], "none"]).not.toContain(seen["outline"]);
  await page.goto(`${home()}${screensOf(farm)["scope"]}`);
  const outline = (selector: string) =>
    page.evaluate<string>(`(() => {
      const { outlineStyle, outlineWidth, borderStyle } = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
      return outlineStyle + " " + outlineWidth + " " + borderStyle;
    })()`);
  await page.locator(".segments label:has(:checked)").first().waitFor();
  const chosen = await outline(".segments label:has(:checked)");
  const other = await outline(".segments label:not(:has(:checked))");
  expect(chosen).not.toBe(other);
  await page.keyboard.press("Tab");
  expect(await outline(":focus-visible")).toMatch(/^(solid|auto) [12]/);
});

test("a dialog with fields has the focus in the first of them", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}${screensOf(farm)["key"]}`);
  for (const opener of dialogsOf["key"] ?? []) {
    await openDialog(page, opener);
    await page.locator("[role=dialog] :is(input, textarea, select):focus").waitFor();
    await closeDialog(page);
  }
});

/** The longest movement that is under way or may begin, in milliseconds. */
const longestMotion = `(() => {
  const toMs = (list) => Math.max(...list.split(",").map((each) => parseFloat(each) * (each.trim().endsWith("ms") ? 1 : 1000)));
  const declared = [...document.querySelectorAll("*")].map((element) => {
    const style = getComputedStyle(element);
    const animation = style.animationName === "none" || style.animationName === "skeleton" ? 0 : toMs(style.animationDuration);
    return Math.max(animation, toMs(style.transitionDuration));
  });
  const running = document.getAnimations().map((animation) => Number(animation.effect?.getComputedTiming().duration ?? 0));
  return Math.max(0, ...declared, ...running);
})()`;

test.each([
  ["reduce", 0],
  ["no-preference", 150],
] as const)("with motion %p nothing moves for longer than %p ms", async (reducedMotion, maxMs) => {
  const { page } = await browser.visit({ reducedMotion });
  await signIn(page, `${home()}${screensOf(farm)["key"]}`);
  for (const opener of dialogsOf["key"] ?? []) {
    await openDialog(page, opener);
    expect(await page.evaluate(longestMotion)).toBeLessThanOrEqual(maxMs);
    await closeDialog(page);
  }
  await page.getByRole("button", { name: /^App: / }).click();
  await page.getByRole("menu").waitFor();
  expect(await page.evaluate(longestMotion)).toBeLessThanOrEqual(maxMs);
});
