import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../src/platform/database/ids";
import { useServer } from "../../test/support/server";
import { useBrowser } from "./support/browser";
import { consoleOf, screen, signIn, signInByForm } from "./support/console-server";
import { newFarm } from "./support/fixtures";

const server = useServer();
const browser = useBrowser();

/** The maximum that is loaded before the first screen can be used, in bytes after gzip. */
const budgetBytes = 130_000;

test("at most 130 KB are loaded before the first screen can be used", async () => {
  const { page } = await browser.firstVisit();
  const home = consoleOf(server.current.url);
  await signInByForm(page, home);
  const loaded = new Set<string>();
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (/\.(js|css|svg|woff2)$/.test(pathname)) loaded.add(pathname);
  });
  await page.goto(`${home}apps`);
  await page.getByRole("button", { name: "New App" }).waitFor();
  const folder = join(__dirname, "../../dist/console");
  const sizes = [...loaded].map((path) => readFileSync(`${join(folder, path.replace("/console/", ""))}.gz`).length);
  expect(sizes.length).toBeGreaterThan(2);
  const sum = sizes.reduce((one, other) => one + other, 0);
  console.info(`${sum} bytes in ${sizes.length} files`);
  expect(sum).toBeLessThanOrEqual(budgetBytes);
});

test("every compressed file is sent compressed", async () => {
  const { page } = await browser.firstVisit();
  const encodings = new Map<string, string | undefined>();
  page.on("response", (response) => {
    if (/\/assets\//.test(response.url())) encodings.set(response.url(), response.headers()["content-encoding"]);
  });
  await page.goto(consoleOf(server.current.url));
  await page.getByLabel("Administrator's key").waitFor();
  expect([...new Set(encodings.values())]).toEqual([expect.stringMatching(/^(gzip|br)$/)]);
});

test("a search among 100,000 keys shows its first result within 300 ms of the API's time, and the list opens within a second", async () => {
  const farm = await newFarm(server.current);
  await insertKeys(farm.app.id, farm.scopeId, 100_000);
  const { page } = await browser.firstVisit();
  const home = consoleOf(server.current.url);
  await signIn(page, `${home}apps/${farm.app.id}/scopes`);
  const opened = performance.now();
  await page.getByRole("link", { name: "Barn readers", exact: true }).click();
  // Asks at each frame, as waiting for a locator asks every half second in the end.
  await page.evaluate(shownIn("key 99999"));
  const openMs = performance.now() - opened;
  const field = page.getByRole("searchbox").first();
  // The best of three, as other work of the machine comes between.
  const searchesMs: number[] = [];
  for (const digits of ["4242", "7171", "9393"]) {
    await field.fill(`key ${digits}`);
    const searched = performance.now();
    await page.evaluate(shownIn(`key ${digits}0`));
    searchesMs.push(performance.now() - searched);
  }
  const asked = performance.now();
  const query = `query ($appId: ID!, $scopeId: ID!) {
    apiKeys(appId: $appId, filter: { scopeId: $scopeId, search: "key 8181", status: ACTIVE }) { nodes { id } totalCount }
  }`;
  await server.current.admin.data(query, { appId: farm.app.id, scopeId: farm.scopeId });
  const apiMs = performance.now() - asked;
  const all = searchesMs.map((ms) => ms.toFixed(0)).join(", ");
  console.info(`list ${openMs.toFixed(0)} ms, searches ${all} ms, of which the API takes ${apiMs.toFixed(0)} ms`);
  expect(openMs).toBeLessThan(1_000);
  expect(Math.min(...searchesMs)).toBeLessThan(300 + typingPauseMs + apiMs);
});

/** Resolves in the frame in which a link with this text is shown. */
const shownIn = (text: string): string => `new Promise((resolve) => {
  const isShown = () => [...document.querySelectorAll("main a")].some(({ textContent }) => textContent === "${text}");
  const look = () => (isShown() ? resolve() : requestAnimationFrame(look));
  look();
})`;

/** The console waits this long for more letters before it asks. */
const typingPauseMs = 150;

async function insertKeys(appId: string, scopeId: string, count: number): Promise<void> {
  const time = "'2026-01-01 00:00:00.000'";
  const perStatement = 2_000;
  for (let from = 0; from < count; from += perStatement) {
    const rows = Array.from({ length: perStatement }, (_, i) => {
      const id = newId();
      const digest = `X'${id.replaceAll("-", "").padEnd(64, "0")}'`;
      return `('${id}', '${appId}', '${scopeId}', 'key ${String(from + i).padStart(5, "0")}', 'latchkey_0000', ${digest}, ${time})`;
    });
    await server.current.sql(
      `INSERT INTO api_key (id, appId, scopeId, name, hint, digest, createdAt) VALUES ${rows.join(", ")}`,
    );
  }
}

test("a revocation by another administrator is seen on the open page of the key within two seconds", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.firstVisit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/keys/${farm.keyId}`);
  await screen(page, "Barn door");
  await page.getByRole("button", { name: "Revoke", exact: true }).waitFor();
  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: farm.keyId,
  });
  await page.getByText("Revoked", { exact: true }).first().waitFor({ timeout: 2_000 });
});

test("a session that an administrator ends elsewhere leads to the sign-in, and what was typed stays", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.firstVisit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes/new`);
  await page.getByLabel("Name", { exact: true }).fill("Typed before");
  const { admin } = server.current;
  const { consoleSessions } = await admin.data(`{ consoleSessions(first: 1) { nodes { id } } }`);
  await admin.data(`mutation ($id: ID!) { endConsoleSession(input: { id: $id }) { consoleSession { id } } }`, {
    id: consoleSessions.nodes[0].id,
  });
  await page.getByRole("button", { name: /^Create/ }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
  await page.getByLabel("Administrator's key").fill("the-administrators-key-in-tests");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await screen(page, "New Scope");
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed before");
});
