import type { Page } from "playwright-core";
import { useServer } from "../../test/support/server";
import { plainHost, useBrowser } from "./support/browser";
import { consoleOf, signIn, signInByForm } from "./support/console-server";
import { type Farm, newFarm } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();

const named = async ({ app }: Farm, name: string): Promise<{ id: string; status: string }[]> => {
  const query = `query ($appId: ID!, $name: String!) {
    apiKeys(appId: $appId, filter: { search: $name, status: null }) { nodes { id name status } }
  }`;
  const { apiKeys } = await server.current.admin.data(query, { appId: app.id, name });
  return apiKeys.nodes as { id: string; status: string }[];
};

/** Opens the keys of a new scope, and the form of a new key with this name in it. */
async function openForm(page: Page, farm: Farm, name: string, address = consoleOf(server.current.url)): Promise<void> {
  // This process doesn't know the plain host.
  const enter = address.includes(plainHost) ? signInByForm : signIn;
  await enter(page, `${address}apps/${farm.app.id}/scopes/${farm.scopeId}/keys`);
  await page.getByRole("button", { name: "New API Key" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
}

const create = (page: Page) => page.getByRole("button", { name: "Create", exact: true });
const secretOf = (page: Page) => page.getByTestId("secret");

test("the secret is not lost by Escape, a click outside, the way back, a reload or a lost connection", async () => {
  const farm = await newFarm(server.current);
  const { page, context } = await browser.visit();
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  await openForm(page, farm, "kept");
  await create(page).click();
  const secret = await secretOf(page).textContent();
  expect(secret).toMatch(/^latchkey_\w{49}$/);
  const isThere = async () => expect(await secretOf(page).textContent()).toBe(secret);

  await page.keyboard.press("Escape");
  await page.mouse.click(5, 5);
  await isThere();
  for (let i = 0; i < 3; i++) {
    // The way back may lead out of the console, where the page asks first.
    await page.evaluate("setTimeout(() => history.back())");
    await page.waitForTimeout(200);
  }
  await isThere();
  await context.setOffline(true);
  await page.waitForTimeout(500);
  await context.setOffline(false);
  await isThere();
  asked.splice(0);
  await page.reload({ timeout: 1_500 }).catch(() => undefined);
  expect(asked).toEqual(["beforeunload"]);
  await isThere();

  await page.getByRole("button", { name: "Done", exact: true }).click({ force: true });
  await isThere();
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await secretOf(page).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "kept", exact: true }).waitFor();
  expect(await page.content()).not.toContain(secret);
});

test("the secret of a rotation stays while what is under it changes and is asked for again", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/keys/${farm.keyId}`);
  await page.getByRole("button", { name: "Rotate", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Rotate", exact: true }).click();
  const secret = await secretOf(page).textContent();
  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: farm.keyId,
  });
  await page.evaluate(`for (const type of ["visibilitychange", "focus", "online"]) dispatchEvent(new Event(type))`);
  // Longer than the page of a key waits between two questions.
  await page.waitForTimeout(2_000);
  expect(await secretOf(page).textContent()).toBe(secret);
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await page.getByText("Revoked", { exact: true }).first().waitFor();
});

test("neither Cancel nor Escape closes the form while the key is being made, so that its secret arrives", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await openForm(page, farm, "held");
  let answer: () => void = () => undefined;
  const isAnswered = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/console/graphql", async (route) => {
    if (route.request().postData()?.includes("createApiKey")) await isAnswered;
    await route.continue();
  });
  await create(page).click();
  await page.getByRole("button", { name: "Creating…" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click({ force: true });
  await page.keyboard.press("Escape");
  answer();
  expect(await secretOf(page).textContent()).toMatch(/^latchkey_/);
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
});

test("a double click on Create makes one key", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await openForm(page, farm, "once");
  await create(page).dblclick();
  await secretOf(page).waitFor();
  expect(await named(farm, "once")).toHaveLength(1);
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
});

test("the secret is copied on plain http too", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  const { port } = new URL(server.current.url);
  await openForm(page, farm, "copied", `http://${plainHost}:${port}/console/`);
  await create(page).click();
  expect(await page.evaluate("isSecureContext")).toBe(false);
  const secret = (await secretOf(page).textContent()) ?? "";
  await page.getByRole("alertdialog").getByRole("button", { name: /^Copy/ }).first().click();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await secretOf(page).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "New API Key" }).click();
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.press("Control+V");
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe(secret);
});

test("an answer that is lost is found out, and one button revokes that key and makes another", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await openForm(page, farm, "lost");
  let isLost = false;
  await page.route("**/console/graphql", async (route) => {
    if (isLost || !route.request().postData()?.includes("createApiKey(")) return route.continue();
    isLost = true;
    await route.fetch();
    return route.abort("connectionreset");
  });
  await create(page).click();
  await page
    .getByRole("alert")
    .getByText(/its secret is lost/)
    .waitFor();
  await page.getByRole("button", { name: "Revoke it and make another" }).click();
  const secret = (await secretOf(page).textContent()) ?? "";
  await server.current.withKey(secret).data("{ viewer { name } }");
  expect((await named(farm, "lost")).map(({ status }) => status).sort()).toEqual(["ACTIVE", "REVOKED"]);
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
});

test("no credential is in the browser's storage, or in the page after the sign-in", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await signInByForm(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes`);
  const kept = await page.evaluate<string>(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])",
  );
  for (const text of [kept, await page.content()])
    expect(text).not.toMatch(/the-administrators-key|latchkey_|latchkey-/);
});
