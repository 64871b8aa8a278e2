import { setTimeout as delay } from "node:timers/promises";
import { narrow, revocations, revoke } from "../../support/revocations";
import { useServer } from "../../support/server";
import { SlowDownload } from "../../support/slow-download";

const server = useServer();

test.each(revocations("RUN"))("a download in progress is cut off within a second after %s", async (_, end) => {
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["SESSION_VIEW"] });
  const download = await SlowDownload.begin(app, key);

  await end(server.current.admin, key, app);
  await delay(1_000);
  expect(await download.rest()).toBe(false);
});

test("a download continues if its scope keeps the permission it needs and other keys are revoked", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] });
  const download = await SlowDownload.begin(app, key);

  await admin.data(narrow, { id: key.scopeId, runtime: ["SESSION_VIEW"] });
  await admin.data(revoke, { id: (await app.key(key.scopeId)).keyId });
  await delay(1_000);
  expect(await download.rest()).toBe(true);
});

test("a download completes while the server stops", async () => {
  const app = await server.current.newApp();
  const download = await SlowDownload.begin(app, await app.key({ runtime: ["SESSION_VIEW"] }));
  const restarted = server.current.restart();
  expect(await download.rest()).toBe(true);
  await restarted;
});
