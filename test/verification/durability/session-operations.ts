import { always, type WriteOperation } from "./operation";
import { digestOf, type WriterClient } from "./writer-client";
import type { KnownApp, KnownSession } from "./ledger";

export const activeSessions = (app: KnownApp): KnownSession[] =>
  app.sessions.filter(({ isTerminated }) => !isTerminated);
/** Many fewer documents than a session may have. */
const roomySessions = (app: KnownApp): KnownSession[] =>
  activeSessions(app).filter(({ documents, doubtful }) => documents.length + doubtful.size < 5);
const withDocuments = (app: KnownApp): KnownSession[] =>
  activeSessions(app).filter(({ documents }) => documents.length > 0);

export const newSession = (id: string, reference: string): KnownSession => ({
  id,
  reference,
  isTerminated: false,
  documents: [],
  doubtful: new Set(),
});

async function createSession(hand: WriterClient, app: KnownApp): Promise<void> {
  const reference = hand.newName();
  const done = { by: hand.key(app), sayingDone: ["CONFLICT"] };
  const answer = await hand.does("createSession", "session { id }", { reference }, done);
  if (hand.happens(0.3)) await hand.isRefused("createSession", "session { id }", { reference }, "CONFLICT", done.by);
  const given = `appId: "${app.id}", filter: {reference: "${reference}"}`;
  const { id } = answer?.session ?? (await hand.finds("sessions", "id", given, always));
  app.sessions.push(newSession(id as string, reference));
}

export const sessionOperations: readonly WriteOperation[] = [
  { mutation: "createSession", weight: 14, isPossible: always, do: createSession },
  {
    mutation: "terminateSession",
    weight: 5,
    isPossible: (app) => activeSessions(app).length > 0,
    async do(hand, app) {
      const session = hand.random.of(activeSessions(app));
      const input = hand.happens(0.5) ? { id: session.id } : { reference: session.reference };
      await hand.does("terminateSession", "session { id }", input, { by: hand.key(app) });
      session.isTerminated = true;
      session.documents = [];
      session.doubtful.clear();
    },
  },
  {
    mutation: "uploadDocument",
    weight: 2,
    isPossible: (app) => roomySessions(app).length > 0,
    async do(hand, app) {
      const session = hand.random.of(roomySessions(app));
      // Of any length, so that a full disk is met at any byte of it.
      const content = `The barn is ${hand.newName()}. `.repeat(hand.random.integer(1, 1_000));
      const sha256 = digestOf(content);
      const answer = await hand.uploads(session.id, content, hand.key(app));
      if (!answer) session.doubtful.add(sha256);
      else session.documents.push({ id: answer.document.id as string, sha256 });
    },
  },
  {
    mutation: "deleteDocument",
    weight: 0.7,
    isPossible: (app) => withDocuments(app).length > 0,
    async do(hand, app) {
      const session = hand.random.of(withDocuments(app));
      const document = hand.random.of(session.documents);
      const done = { by: hand.key(app), sayingDone: ["NOT_FOUND"] };
      await hand.does("deleteDocument", "id", { id: document.id }, done);
      session.documents = session.documents.filter((each) => each !== document);
    },
  },
];
