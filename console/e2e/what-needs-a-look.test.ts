import { execute } from "../../test/support/runs";
import { useServer } from "../../test/support/server";
import { TestModel } from "../../test/support/test-model";
import { testTimings } from "../../test/support/timings";
import { overWebSocket } from "../../test/support/stream-clients";
import { runEvents } from "../../test/support/paused-run";
import { useBrowser } from "./support/browser";
import { consoleOf, screen, signIn } from "./support/console-server";
import { newFarm } from "./support/fixtures";

const model = new TestModel();
const audit = { ...testTimings.audit, intervalMs: 200 };
const server = useServer({}, { "test:model": model }, undefined, { ...testTimings, audit });
const browser = useBrowser();

test("the overview names keys that were used after their revocation, and limits that are nearly reached", async () => {
  const farm = await newFarm(server.current);
  const { admin } = server.current;
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: farm.keyId });
  const limits = { agents: 1, keysPerScope: 4 };
  await admin.data(`mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { id } } }`, {
    input: { id: farm.app.id, limits },
  });
  for (let i = 0; i < 3; i++) await server.current.withKey(farm.secret).errors("{ viewer { name } }");
  const refusals = `query ($id: ID) { auditLog(appId: $id, filter: { action: REFUSE_REVOKED_KEY }) { totalCount } }`;
  while ((await admin.data(refusals, { id: farm.app.id })).auditLog.totalCount === 0);
  const { page } = await browser.visit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}`);
  await page.getByText("Used after their revocation (1)").waitFor();
  await page.getByText("Near a limit (1)").waitFor();
  await page.getByText("1 of 1").waitFor();
  const entry = page.getByRole("listitem").filter({ hasText: "Barn door" }).filter({ hasText: "request" });
  await entry.getByRole("link").click();
  await screen(page, "Barn door");
});

test("the page of a key shows its open streams and its runs", async () => {
  const farm = await newFarm(server.current);
  const key = server.current.withKey(farm.secret);
  const agentId = await farm.app.agent({ name: "Slow guide", model: "test:model" });
  const { run } = await execute(key, { agentId, text: "one hold two", waitMs: 0 });
  const stream = overWebSocket(key, runEvents, { variables: { runId: run.id } });
  try {
    const { page } = await browser.visit();
    await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/keys/${farm.keyId}`);
    await page.getByText("1 on this server").waitFor();
    await page.getByText("1 running, 0 queued").waitFor();
    model.release();
    await page.getByText("0 running, 0 queued").waitFor({ timeout: 7_000 });
    await page.getByText("Succeeded").waitFor();
    await page.getByRole("link", { name: "Slow guide" }).click();
    await screen(page, /Run/);
  } finally {
    model.release();
    await stream;
  }
});

test("the audit log says up to which entry it was verified, and which one was changed", async () => {
  const farm = await newFarm(server.current);
  const { page } = await browser.visit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/audit`);
  const verified = page.getByText(/^Verified up to entry \d+$/);
  await verified.waitFor();
  const last = ((await verified.textContent()) ?? "").replaceAll(/\D/g, "");
  const [row] = await server.current.sql(
    `SELECT MAX(sequence) AS last FROM audit_entry WHERE chainId = '${farm.app.id}'`,
  );
  expect(Number(last)).toBe(row?.["last"]);
  await server.current.sql(
    `UPDATE audit_entry SET actorName = 'nobody' WHERE chainId = '${farm.app.id}' AND sequence = 3`,
  );
  await page.reload();
  await page.getByText("Entry 3 does not verify: it was changed").waitFor();
});

test("apps, scopes and keys beyond the first hundred are found, and a pasted secret by its hint alone", async () => {
  const farm = await newFarm(server.current);
  const perOperation = 25;
  for (let from = 0; from < 100; from += perOperation) {
    const fields = Array.from(
      { length: perOperation },
      (_, i) =>
        `s${i}: createScope(input: { appId: "${farm.app.id}", name: "Filler ${from + i}", permissions: {} }) { scope { id } }`,
    );
    await server.current.admin.data(`mutation { ${fields.join("\n")} }`);
  }
  await server.current.admin.data(
    `mutation ($id: ID!) { createScope(input: { appId: $id, name: "The last one", permissions: {} }) { scope { id } } }`,
    { id: farm.app.id },
  );
  const { page } = await browser.visit();
  await signIn(page, `${consoleOf(server.current.url)}apps/${farm.app.id}/scopes`);
  const sent: string[] = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  const find = async (text: string, found: RegExp) => {
    await page.getByRole("button", { name: "Go to…" }).click();
    await page.getByRole("combobox", { name: /^Find/ }).fill(text);
    await page.getByRole("option", { name: found }).waitFor();
    await page.keyboard.press("Enter");
  };
  await find("the last", /The last one/);
  await screen(page, "The last one");
  await find(`x-api-key: ${farm.secret}`.slice(11), /Barn door/);
  await screen(page, "Barn door");
  await page.goto(`${consoleOf(server.current.url)}apps/${farm.app.id}/scopes/${farm.scopeId}/keys`);
  await page.getByRole("searchbox").first().fill(farm.secret);
  await page.getByRole("link", { name: "Barn door", exact: true }).waitFor();
  await page.goto(`${consoleOf(server.current.url)}apps/${farm.app.id}/sessions`);
  await page.getByRole("textbox", { name: "Reference" }).fill(farm.secret);
  await page.keyboard.press("Enter");
  await page.getByText("No session matches").waitFor();
  expect(sent.filter((each) => each.includes(farm.secret.slice(9)))).toEqual([]);
  expect(page.url()).toContain("reference=");
});
