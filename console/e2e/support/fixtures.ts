import type { Page } from "playwright-core";
import type { TestServer } from "../../../test/support/server";
import type { TestApp } from "../../../test/support/test-app";

export interface Farm {
  readonly app: TestApp;
  readonly scopeId: string;
  readonly keyId: string;
  readonly secret: string;
  readonly agentId: string;
  readonly sessionId: string;
  readonly runId: string;
}

export const longName = "a".repeat(120);

/** An app with a scope, a key that is used, and names that are hard to show. */
export async function newFarm(server: TestServer): Promise<Farm> {
  const app = await server.newApp();
  const { admin } = server;
  const data = async (query: string, input: object): Promise<any> => admin.data(query, { input });
  await data(`mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { id } } }`, {
    id: app.id,
    name: `Farm ${app.id.slice(-6)}`,
  });
  const agentId = await app.agent({ name: "Barn guide" });
  const sessionId = await app.session();
  await app.document(sessionId);
  const { id: runId } = await app.run({ agentId, session: { id: sessionId }, waitMs: 10_000 });
  const { createScope } = await data(
    `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`,
    { appId: app.id, name: "Barn readers", permissions: { agents: "VIEW", runtime: ["RUN", "SESSION_CREATE"] } },
  );
  const scopeId = createScope.scope.id as string;
  for (const name of ["مفتاح الحظيرة", "農場の鍵", longName])
    await data(`mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }`, { scopeId, name });
  const { createApiKey } = await data(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`,
    { scopeId, name: "Barn door", owner: "Marlow", environment: "production", tags: ["north"] },
  );
  const secret = createApiKey.secret as string;
  await server.withKey(secret).data("{ viewer { name } }");
  await noteUse(server, createApiKey.apiKey.id as string);
  return { app, scopeId, keyId: createApiKey.apiKey.id as string, secret, agentId, sessionId, runId };
}

/** Writes that a key was used, which the server does within a minute. */
async function noteUse(server: TestServer, keyId: string): Promise<void> {
  const now = new Date().toISOString().replace("T", " ").slice(0, -1);
  for (let attempt = 1; ; attempt++) {
    try {
      await server.sql(`UPDATE api_key SET lastUsedAt = '${now}' WHERE id = '${keyId}'`);
      return;
    } catch (error) {
      // The server may be writing.
      if (attempt === 5) throw error;
    }
  }
}

/** The address of each screen, from that of the console. */
export const screensOf = ({
  app,
  scopeId,
  keyId,
  agentId,
  sessionId,
  runId,
}: Farm): Readonly<Record<string, string>> => ({
  apps: "apps",
  scopes: `apps/${app.id}/scopes`,
  "new-scope": `apps/${app.id}/scopes/new`,
  scope: `apps/${app.id}/scopes/${scopeId}`,
  keys: `apps/${app.id}/scopes/${scopeId}/keys`,
  key: `apps/${app.id}/keys/${keyId}`,
  overview: `apps/${app.id}`,
  agents: `apps/${app.id}/agents`,
  "new-agent": `apps/${app.id}/agents/new`,
  agent: `apps/${app.id}/agents/${agentId}`,
  try: `apps/${app.id}/try`,
  sessions: `apps/${app.id}/sessions`,
  session: `apps/${app.id}/sessions/${sessionId}`,
  run: `apps/${app.id}/runs/${runId}`,
  connections: `apps/${app.id}/connections`,
  settings: `apps/${app.id}/settings`,
  usage: `apps/${app.id}/usage`,
  "audit-of-app": `apps/${app.id}/audit`,
  audit: "audit",
  administrators: "administrators",
  explorer: "explorer",
  "not-found": "apps/none/nowhere",
});

/** The buttons that open dialogs, and the entries of the menus of rows that do, by screen. */
export const dialogsOf: Readonly<Record<string, readonly string[]>> = {
  apps: ["New App", "Options > Rename", "Options > Delete"],
  scopes: ["Options > Clone", "Options > Delete"],
  keys: ["New API Key"],
  key: ["Edit", "Rotate", "Revoke"],
  agents: ["Options > Delete"],
  session: ["Terminate"],
  connections: ["New Connection", "New Tool Server"],
  administrators: ["New Administrator"],
};

const anyDialog = "[role=dialog], [role=alertdialog]";

/** Opens a dialog of a screen, with the first row if the menu of one has it. */
export async function openDialog(page: Page, opener: string): Promise<void> {
  const [button = "", entry] = opener.split(" > ");
  if (entry === undefined) await page.getByRole("button", { name: button, exact: true }).click();
  else {
    await page
      .getByRole("button", { name: `${button} of ` })
      .first()
      .click();
    await page.getByRole("menuitem", { name: entry, exact: true }).click();
  }
  await page.locator(anyDialog).waitFor();
}

export async function closeDialog(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.locator(anyDialog).waitFor({ state: "detached" });
}
