import type { Page } from "playwright-core";
import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { consoleOf, screen, signIn } from "./support/console-server";
import { newFarm } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();

/** Two people who are signed in at the same screen, each with a browser of their own. */
async function twoAt(path: string): Promise<readonly [Page, Page]> {
  const create = `mutation ($input: CreateAdministratorInput!) { createAdministrator(input: $input) { secret } }`;
  const { createAdministrator } = await server.current.admin.data(create, {
    input: { name: `Marlow ${path.slice(-6)}`, role: "ADMIN" },
  });
  const address = consoleOf(server.current.url) + path;
  const [{ page: one }, { page: other }] = [await browser.visit(), await browser.visit()];
  await signIn(one, address);
  await signIn(other, address, createAdministrator.secret as string);
  return [one, other];
}

const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true }).click();
const saved = (page: Page) => page.getByText(/^Saved/).waitFor();

test("of two who change a scope, the second sees both versions, and decides field by field", async () => {
  const farm = await newFarm(server.current);
  const [one, other] = await twoAt(`apps/${farm.app.id}/scopes/${farm.scopeId}`);
  await one.getByLabel("Name", { exact: true }).fill("Barn keepers");
  await other.getByLabel("Name", { exact: true }).fill("Barn visitors");
  await save(one);
  await saved(one);
  await save(other);
  const dialog = other.getByRole("dialog", { name: "Somebody has saved this scope meanwhile" });
  const row = dialog.getByRole("row", { name: /Barn keepers/ });
  expect((await row.textContent()) ?? "").toMatch(/Barn readers.*Barn keepers.*Barn visitors/);
  const stored = async () => {
    const { scope } = await server.current.admin.data(`query ($id: ID!) { scope(id: $id) { name } }`, {
      id: farm.scopeId,
    });
    return scope.name as string;
  };
  expect(await stored()).toBe("Barn keepers");
  await dialog.getByRole("button", { name: "Overwrite with yours" }).click();
  await saved(other);
  expect(await stored()).toBe("Barn visitors");
});

test("of two who revoke a key, the second is told that it was revoked before", async () => {
  const farm = await newFarm(server.current);
  const [one, other] = await twoAt(`apps/${farm.app.id}/keys/${farm.keyId}`);
  for (const page of [one, other]) {
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByLabel(/^It was used in the last 7 days/).fill("Barn door");
  }
  await one.getByRole("button", { name: "Revoke the key" }).click();
  await one.getByText(/^Refused since/).waitFor();
  await other.getByRole("button", { name: "Revoke the key" }).click();
  await other.getByText("Somebody else had revoked it before.").waitFor();
  await other.getByRole("button", { name: "Done", exact: true }).click();
  await other.getByText("Revoked", { exact: true }).first().waitFor();
  await screen(other, "Barn door");
});
