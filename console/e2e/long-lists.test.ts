import { setTimeout as delay } from "node:timers/promises";
import type { Locator } from "playwright-core";
import { useServer } from "../../test/support/server";
import type { TestApp } from "../../test/support/test-app";
import { TestModel } from "../../test/support/test-model";
import { useBrowser } from "./support/browser";
import { consoleOf, signIn } from "./support/console-server";
import { violationsIn, widest } from "./support/inspection";
import { tabTo } from "./support/keyboard";

const server = useServer({ TOOL_ALLOWED_HOSTS: "127.0.0.1" }, { "test:model": new TestModel() });
const browser = useBrowser();
const home = () => consoleOf(server.current.url);

/** The root fields of one operation are limited. */
const perOperation = 30;

/** Makes many things of a kind, numbered from 0, and answers with the ids of all. */
async function makeMany(count: number, kind: string, input: (number: number) => string): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += perOperation) {
    const numbers = Array.from({ length: Math.min(perOperation, count - from) }, (_, index) => from + index);
    const fields = numbers.map(
      (number) => `n${number}: create${kind}(input: { ${input(number)} }) { made: ${fieldOf(kind)} { id } }`,
    );
    const made = await server.current.admin.data(`mutation { ${fields.join("\n")} }`);
    ids.push(...numbers.map((number): string => made[`n${number}`].made.id));
  }
  return ids;
}

const fieldOf = (kind: string) => kind.charAt(0).toLowerCase() + kind.slice(1);

/** Waits until a field has this text. */
async function shows(field: Locator, text: string): Promise<void> {
  const until = Date.now() + 6_000;
  while ((await field.inputValue()) !== text && Date.now() < until) await delay(20);
  expect(await field.inputValue()).toBe(text);
}

let app: TestApp;
let scopes: readonly string[];
let agents: readonly string[];
beforeAll(async () => {
  app = await server.current.newApp();
  const inApp = `appId: "${app.id}"`;
  const rename = `mutation ($id: ID!) { updateApp(input: { id: $id, name: "Long lists", limits: { keysPerScope: 1 } }) { app { id } } }`;
  await server.current.admin.data(rename, { id: app.id });
  scopes = await makeMany(
    150,
    "Scope",
    (number) => `${inApp}, name: "Scope ${number}", permissions: { runtime: [RUN, SESSION_CREATE, SESSION_VIEW] }`,
  );
  agents = await makeMany(
    120,
    "Agent",
    (number) => `${inApp}, name: "Agent ${number}", model: "test:model", enabled: ${number > 0}`,
  );
  await makeMany(100, "ToolServer", (number) => `${inApp}, name: "tools-${number}", url: "http://127.0.0.1:9/mcp"`);
  await makeMany(
    105,
    "ModelConnection",
    (number) => `${inApp}, name: "models-${number}", provider: OPENAI, apiKey: "none"`,
  );
  await makeMany(120, "App", (number) => `name: "Tenant ${number}"`);
});

test("the Explorer runs as a scope beyond the first hundred, which is found by typing and stays chosen", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}explorer`);
  const tenant = page.getByRole("combobox", { name: "App", exact: true });
  await tenant.fill("tenant 11");
  await page.getByRole("option", { name: "Tenant 119" }).waitFor();
  await tenant.fill("long");
  await page.getByRole("option", { name: "Long lists" }).click();
  const scope = page.getByRole("combobox", { name: "As a key of" });
  await scope.click();
  // The first page is there without a letter, and says that it is not all.
  await page.getByRole("option", { name: "Scope 0", exact: true }).waitFor();
  await page.getByText("50 of 150").first().waitFor();
  await page.keyboard.type("scope 140");
  await page.getByText("1 scope found").first().waitFor();
  await page.keyboard.press("Enter");
  await shows(scope, "Scope 140");
  expect(page.url()).toContain(scopes[140]);
  // It stays, though no page of the list has it.
  await page.reload();
  await shows(scope, "Scope 140");
  await scope.press("ArrowDown");
  await page.getByRole("option", { name: "Scope 140", selected: true }).waitFor();
  await scope.press("Enter");
  await shows(scope, "Scope 140");
  await shows(tenant, "Long lists");
  // It runs as the scope even before the page knows more of it than its id.
  await page.route("**/console/graphql", (route) =>
    route.request().postData()?.includes("ExplorerScope(") ? undefined : route.continue(),
  );
  await page.reload();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const answer = page.getByRole("group", { name: "The answer as JSON" });
  await answer.filter({ hasText: "SESSION_VIEW" }).waitFor();
  expect(await answer.textContent()).not.toContain("DOCUMENT_UPLOAD");
});

test("by keyboard alone an agent and a scope beyond the first hundred are found, and tried", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}apps/${app.id}/try`);
  const agent = page.getByRole("combobox", { name: "Agent" });
  // The first one is disabled.
  await shows(agent, "Agent 1");
  await agent.focus();
  await page.keyboard.type("nobody");
  await page.getByText("No agent has this in its name").first().waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await shows(agent, "Agent 1");
  await page.keyboard.type("agent 11");
  await page.getByRole("option", { name: "Agent 110", exact: true }).waitFor();
  for (let presses = 0; presses < 9; presses++) await page.keyboard.press("ArrowDown");
  const marked = page.locator(`[id="${await agent.getAttribute("aria-activedescendant")}"]`);
  expect(await marked.textContent()).toBe("Agent 118");
  await page.keyboard.press("Enter");
  await shows(agent, "Agent 118");
  await page.keyboard.press("Tab");
  await page.keyboard.type("scope 140");
  await page.getByRole("option", { name: "Scope 140", exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("as a key of this scope would see them").waitFor();
  await tabTo(page, page.getByRole("textbox", { name: "Message" }));
  await page.keyboard.type("hay");
  await page.keyboard.press("Enter");
  await page.locator("[aria-busy=false]").filter({ hasText: "hay" }).waitFor();
  const last = `query ($appId: ID!) { runs(appId: $appId, first: 1) { nodes { status agent { id } startedBy { name } } } }`;
  const { runs } = await server.current.admin.data(last, { appId: app.id });
  expect(runs.nodes).toMatchObject([
    { status: "SUCCEEDED", agent: { id: agents[118] }, startedBy: { name: expect.stringContaining("Scope 140") } },
  ]);
});

test("an administrator is confined to apps beyond the first hundred, and changing it shows them by name", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}administrators`);
  await page.getByRole("button", { name: "New Administrator" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Marlow");
  await page.getByRole("checkbox", { name: "All apps" }).uncheck();
  const find = page.getByRole("searchbox", { name: "Find an app" });
  await page.getByText("50 of 121").waitFor();
  expect(await violationsIn(page)).toEqual([]);
  await find.fill("tenant 117");
  await page.getByRole("checkbox", { name: "Tenant 117" }).check();
  await find.fill("");
  await page.getByRole("checkbox", { name: "Tenant 3", exact: true }).check();
  expect(await page.getByRole("checkbox", { name: "Tenant 117" }).isChecked()).toBe(true);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("checkbox", { name: "I have stored it" }).check();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await page.getByRole("button", { name: "Options of Marlow" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByRole("checkbox", { name: "Tenant 117" }).uncheck();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("row", { name: /Marlow.* 1 app/ }).waitFor();
});

test("an agent uses any tool server and any model connection, and a scope is confined to any agent", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}apps/${app.id}/agents/${agents[110]}`);
  await page.getByRole("button", { name: "Add a server" }).click();
  await page.getByRole("combobox", { name: "Server" }).fill("ols-99");
  await page.getByRole("option", { name: "tools-99" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved").first().waitFor();
  await page.locator(`datalist option[value="models-104/"]`).waitFor({ state: "attached" });
  await page.goto(`${home()}apps/${app.id}/connections`);
  await page.getByRole("cell", { name: "models-104", exact: true }).waitFor();
  await page.goto(`${home()}apps/${app.id}/scopes/${scopes[140]}`);
  await page.getByText("Selected agents").click();
  await page.getByRole("searchbox", { name: "Find an agent" }).fill("agent 113");
  await page.getByRole("checkbox", { name: "Agent 113" }).check();
  await page.getByText("1 chosen", { exact: true }).waitFor();
});

test("the overview counts the keys of each scope", async () => {
  await app.key(scopes[149]);
  await server.current.sql(`UPDATE api_key SET lastUsedAt = CURRENT_TIMESTAMP WHERE appId = '${app.id}'`);
  const { page } = await browser.visit();
  await signIn(page, `${home()}apps/${app.id}`);
  await page.getByText("Keys of Scope 149").waitFor();
});

const states = [
  ["ltr", "light", 1280],
  ["ltr", "dark", 375],
  ["rtl", "light", 375],
] as const;

test("an open list of choices stays in the window and violates no rule of axe-core, in both directions and themes", async () => {
  const { page } = await browser.visit();
  await signIn(page, `${home()}apps/${app.id}/try`);
  for (const [direction, colorScheme, width] of states) {
    await page.setViewportSize({ width, height: 740 });
    await page.emulateMedia({ colorScheme });
    await page.evaluate(`document.documentElement.dir = "${direction}"`);
    for (const [typed, shown] of [
      ["", "50 of 150"],
      ["nothing", "No scope has this in its name"],
    ] as const) {
      const scope = page.getByRole("combobox", { name: "As a key of" });
      await scope.click();
      await page.keyboard.type(typed);
      await page.getByText(shown).first().waitFor();
      const state = `${direction} ${colorScheme} ${width} ${typed}`;
      expect([state, await violationsIn(page), await page.evaluate(widest)]).toEqual([state, [], "nothing"]);
      await page.keyboard.press("Escape");
      await shows(scope, "no scope, as yourself");
    }
  }
});
