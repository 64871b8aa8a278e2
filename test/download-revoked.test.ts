import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "./support/client";
import { useServer } from "./support/server";
import { SlowDownload } from "./support/slow-download";
import type { KeyHolder, TestApp } from "./support/test-app";

const server = useServer();
const narrow = `mutation ($id: ID!, $runtime: [RuntimePermission!]!) {
  updateScope(input: { id: $id, permissions: { runtime: $runtime } }) { scope { id } }
}`;
const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`;

test.each<[name: string, end: (admin: Client, key: KeyHolder, app: TestApp) => Promise<unknown>]>([
  ["its key is revoked", (admin, { keyId: id }) => admin.data(revoke, { id })],
  ["its scope loses what it needs", (admin, { scopeId: id }) => admin.data(narrow, { id, runtime: ["RUN"] })],
  [
    "its scope is deleted with its keys",
    (admin, { scopeId: id }) =>
      admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, { id }),
  ],
  [
    "its app is deleted",
    (admin, _, { id }) => admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id }),
  ],
])("a download that is under way is cut off within a second after %s", async (_, end) => {
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["SESSION_VIEW"] });
  const download = await SlowDownload.begin(app, key);

  await end(server.current.admin, key, app);
  await delay(1_000);
  expect(await download.rest()).toBe(false);
});

test("a download goes on while its scope is changed without taking what it needs, and other keys are revoked", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] });
  const download = await SlowDownload.begin(app, key);

  await admin.data(narrow, { id: key.scopeId, runtime: ["SESSION_VIEW"] });
  await admin.data(revoke, { id: (await app.key(key.scopeId)).keyId });
  await delay(1_000);
  expect(await download.rest()).toBe(true);
});

test("a download comes to its end while the server stops", async () => {
  const app = await server.current.newApp();
  const download = await SlowDownload.begin(app, await app.key({ runtime: ["SESSION_VIEW"] }));
  const restarted = server.current.restart();
  expect(await download.rest()).toBe(true);
  await restarted;
});
