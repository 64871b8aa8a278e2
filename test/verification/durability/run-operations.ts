import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import { Contradiction } from "./retrying-client";
import type { KnownApp, KnownRun, KnownSession, RunEnd } from "./ledger";
import { activeSessions, newSession } from "./session-operations";

const runFields = "run { id status output finishedAt }";
/** How long to wait for a run's end, in milliseconds; it is begun anew only long after its server was killed. */
const patience = 5_000;

/** What an answer tells of the end of a run, where it tells of one. */
export const endOf = ({ status, output, finishedAt }: any): RunEnd | undefined =>
  finishedAt === null ? undefined : { status, output, finishedAt };

const mayGoOn = ({ end, session }: KnownRun): boolean => end === undefined && !session.isTerminated;

/** Runs whose callback may be posted again: what becomes of those of a session that is terminated is another matter. */
const withCallback = (app: KnownApp): KnownRun[] => app.runs.filter(({ hasCallback }) => hasCallback);

/** A session to execute in: one that there is, by either name, or a new one. */
function someSession(hand: WriterClient, app: KnownApp): { session: KnownSession | undefined; named: object } {
  const sessions = activeSessions(app);
  if (sessions.length === 0 || hand.happens(0.3)) return { session: undefined, named: { reference: hand.newName() } };
  const session = hand.random.of(sessions);
  return { session, named: hand.happens(0.5) ? { id: session.id } : { reference: session.reference } };
}

export const runOperations: readonly WriteOperation[] = [
  {
    mutation: "executeAgent",
    weight: 5,
    isPossible: ({ agents }) => agents.length > 0,
    async do(hand, app) {
      const { session, named } = someSession(hand, app);
      const hasCallback = app.callbackSecret !== undefined && hand.happens(0.3);
      const input = {
        agentId: hand.random.of(app.agents).id,
        session: named,
        text: `What colour is the barn of ${hand.newName()}?`,
        idempotencyKey: hand.newName(),
        ...(hasCallback && { callbackUrl: hand.surroundings.receiver.url }),
      };
      const fields = `replayed session { id reference } ${runFields}`;
      const told = { ...input, waitMs: hand.random.of([0, patience]) };
      const { data, isRepeated } = await hand.settles("executeAgent", fields, told, { by: hand.key(app) });
      const { run, session: where, replayed } = data.executeAgent;
      if (replayed && !isRepeated) throw new Contradiction(`The run ${run.id} was made before it was asked for`);
      if (session && session.id !== where.id) {
        throw new Contradiction(`The run ${run.id} is in the session ${where.id}, not in ${session.id}`);
      }
      const known = session ?? newSession(where.id as string, where.reference as string);
      if (!session) app.sessions.push(known);
      app.runs.push({ id: run.id, session: known, input, hasCallback, end: endOf(run), postings: 1 });
    },
  },
  {
    mutation: "cancelRun",
    weight: 1,
    isPossible: ({ runs }) => runs.some(mayGoOn),
    async do(hand, app) {
      const run = hand.random.of(app.runs.filter(mayGoOn));
      const { run: cancelled } = await hand.does("cancelRun", runFields, { id: run.id }, { by: hand.key(app) });
      const end = endOf(cancelled);
      if (!end) throw new Contradiction(`cancelRun of ${run.id} was answered, and the run is not finished`);
      run.end = end;
    },
  },
  {
    mutation: "replaceCallbackSecret",
    weight: 1,
    isPossible: always,
    async do(hand, app) {
      const { secret } = await hand.does("replaceCallbackSecret", "secret", { appId: app.id });
      app.callbackSecret = secret as string;
    },
  },
  {
    mutation: "redeliverCallback",
    weight: 0.5,
    isPossible: (app) => withCallback(app).length > 0,
    async do(hand, app) {
      const run = hand.random.of(withCallback(app));
      const query = `query ($runId: ID!) { callbackDeliveries(runId: $runId) { nodes { id status } } }`;
      const { callbackDeliveries } = await hand.reads(query, { runId: run.id });
      const [delivery] = callbackDeliveries.nodes;
      if (!delivery) throw new Contradiction(`The run ${run.id} has no callback`);
      // None is under way, so that one more is sure to follow.
      if (delivery.status !== "DELIVERED") return;
      const postings = hand.surroundings.receiver.postingsOf(run.id) + 1;
      await hand.does(
        "redeliverCallback",
        "callbackDelivery { id }",
        { id: delivery.id },
        { sayingDone: ["CONFLICT"] },
      );
      run.postings = postings;
    },
  },
];
