import { narrow, revocations, revoke } from "../support/revocations";
import { useServer } from "../support/server";
import { SlowRequest } from "../support/slow-request";

const server = useServer();
const content = "The barn is red.\n".repeat(1_000);
const refused: unknown = expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/);
const documents = `query ($id: ID!) { session(id: $id) { documents { id } } }`;

test.each(revocations("SESSION_VIEW"))(
  "an upload that is under way is refused within a second after %s, and nothing is kept of it",
  async (_, end) => {
    const { admin, store } = server.current;
    const app = await server.current.newApp();
    const key = await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] });
    const upload = await SlowRequest.upload(key, await app.session(), content);
    const kept = await store.names();

    const answer = upload.answer();
    await end(admin, key, app);
    const revoked = performance.now();
    expect((await answer).body).toMatchObject({ errors: [{ extensions: { code: refused } }] });
    expect(performance.now() - revoked).toBeLessThan(1_000);
    expect((await store.names()).filter((name) => !kept.includes(name))).toEqual([]);
  },
);

test("an upload goes on while its scope is changed without taking what it needs, and other keys are revoked", async () => {
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
