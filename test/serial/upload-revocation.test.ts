import { eventually } from "../support/runs";
import { narrow, revocations, revoke } from "../support/revocations";
import { useServer } from "../support/server";
import { SlowRequest } from "../support/slow-request";

const server = useServer();
const content = "The barn is red.\n".repeat(1_000);
const refused: unknown = expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/);
const documents = `query ($id: ID!) { session(id: $id) { documents { id } } }`;

test.each(revocations("SESSION_VIEW"))(
  "an upload in progress is refused within a second after %s, and nothing of it is stored",
  async (_, takeAccess) => {
    const { admin, store } = server.current;
    const app = await server.current.newApp();
    const key = await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] });
    const upload = await SlowRequest.upload(key, await app.session(), content);
    const storedBefore = await store.names();

    const response = upload.answer();
    await takeAccess(admin, key, app);
    const revokedAt = performance.now();
    expect((await response).body).toMatchObject({ errors: [{ extensions: { code: refused } }] });
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    // The refusal does not wait until what has arrived is removed.
    await eventually(async () => (await store.names()).every((name) => storedBefore.includes(name)), 2_000);
  },
);

test("an upload continues when its scope changes but keeps what it needs, and when other keys are revoked", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] });
  const session = await app.session();
  const upload = await SlowRequest.upload(key, session, content);

  await admin.data(narrow, { id: key.scopeId, runtime: ["DOCUMENT_UPLOAD"] });
  const other = await app.key(key.scopeId);
  await admin.data(revoke, { id: other.keyId });
  const { body } = await upload.finish();
  expect(body).toMatchObject({ data: { uploadDocument: { document: { size: content.length } } } });
  expect((await admin.data(documents, { id: session })).session.documents).toHaveLength(1);
});
