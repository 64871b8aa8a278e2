import { always, type WriteOperation } from "./operation";
import { sha256Of, type WriterClient } from "./writer-client";
import type { KnownApp, KnownSession } from "./ledger";

export const activeSessions = (app: KnownApp): KnownSession[] =>
  app.sessions.filter(({ isTerminated }) => !isTerminated);
/** Sessions that are far from the limit of documents. */
const sessionsWithRoom = (app: KnownApp): KnownSession[] =>
  activeSessions(app).filter(({ documents, indeterminate }) => documents.length + indeterminate.size < 5);
const sessionsWithDocuments = (app: KnownApp): KnownSession[] =>
  activeSessions(app).filter(({ documents }) => documents.length > 0);

export const newSession = (id: string, reference: string): KnownSession => ({
  id,
  reference,
  isTerminated: false,
  documents: [],
  indeterminate: new Set(),
});

async function createSession(client: WriterClient, app: KnownApp): Promise<void> {
  const reference = client.newName();
  const credential = client.credentialOf(app);
  const options = { credential, alreadyDone: ["CONFLICT"] };
  const payload = await client.mutate("createSession", "session { id }", { reference }, options);
  if (client.chance(0.3)) {
    await client.expectRefused("createSession", "session { id }", { reference }, "CONFLICT", credential);
  }
  const args = `appId: "${app.id}", filter: {reference: "${reference}"}`;
  const { id } = payload?.session ?? (await client.find("sessions", "id", args, always));
  app.sessions.push(newSession(id as string, reference));
}

export const sessionOperations: readonly WriteOperation[] = [
  { mutation: "createSession", weight: 14, isPossible: always, run: createSession },
  {
    mutation: "terminateSession",
    weight: 5,
    isPossible: (app) => activeSessions(app).length > 0,
    async run(client, app) {
      const session = client.random.of(activeSessions(app));
      const input = client.chance(0.5) ? { id: session.id } : { reference: session.reference };
      await client.mutate("terminateSession", "session { id }", input, { credential: client.credentialOf(app) });
      session.isTerminated = true;
      session.documents = [];
      session.indeterminate.clear();
    },
  },
  {
    mutation: "uploadDocument",
    weight: 2,
    isPossible: (app) => sessionsWithRoom(app).length > 0,
    async run(client, app) {
      const session = client.random.of(sessionsWithRoom(app));
      // The length varies, so that the disk becomes full at any byte of a document.
      const content = `The barn is ${client.newName()}. `.repeat(client.random.integer(1, 1_000));
      const sha256 = sha256Of(content);
      const payload = await client.uploadOnce(session.id, content, client.credentialOf(app));
      if (!payload) session.indeterminate.add(sha256);
      else session.documents.push({ id: payload.document.id as string, sha256 });
    },
  },
  {
    mutation: "deleteDocument",
    weight: 0.7,
    isPossible: (app) => sessionsWithDocuments(app).length > 0,
    async run(client, app) {
      const session = client.random.of(sessionsWithDocuments(app));
      const document = client.random.of(session.documents);
      const options = { credential: client.credentialOf(app), alreadyDone: ["NOT_FOUND"] };
      await client.mutate("deleteDocument", "id", { id: document.id }, options);
      session.documents = session.documents.filter((each) => each !== document);
    },
  },
];
