import { always, type WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import { ContradictionError } from "./retrying-client";
import type { KnownApp, KnownRun, KnownSession, RunEnd } from "./ledger";
import { activeSessions, newSession } from "./session-operations";

const runFields = "run { id status output finishedAt }";
/** A run whose server was killed is restarted much later than an execution waits. */
const waitMs = 5_000;

/** @returns undefined if the run has not finished */
export const endOf = ({ status, output, finishedAt }: any): RunEnd | undefined =>
  finishedAt === null ? undefined : { status, output, finishedAt };

const mayBeRunning = ({ end, session }: KnownRun): boolean => end === undefined && !session.isTerminated;

const runsWithCallback = (app: KnownApp): KnownRun[] => app.runs.filter(({ hasCallback }) => hasCallback);

/** A session to execute in: an existing one, by its id or its reference, or a new one. */
function randomSession(
  client: WriterClient,
  app: KnownApp,
): { session: KnownSession | undefined; sessionInput: object } {
  const sessions = activeSessions(app);
  if (sessions.length === 0 || client.chance(0.3)) {
    return { session: undefined, sessionInput: { reference: client.newName() } };
  }
  const session = client.random.of(sessions);
  return { session, sessionInput: client.chance(0.5) ? { id: session.id } : { reference: session.reference } };
}

export const runOperations: readonly WriteOperation[] = [
  {
    mutation: "executeAgent",
    weight: 5,
    isPossible: ({ agents }) => agents.length > 0,
    async run(client, app) {
      const { session, sessionInput } = randomSession(client, app);
      const hasCallback = app.callbackSecret !== undefined && client.chance(0.3);
      const input = {
        agentId: client.random.of(app.agents).id,
        session: sessionInput,
        text: `What colour is the barn of ${client.newName()}?`,
        idempotencyKey: client.newName(),
        ...(hasCallback && { callbackUrl: client.services.receiver.url }),
      };
      const fields = `replayed session { id reference } ${runFields}`;
      const { data, wasRetried } = await client.mutateWithStatus(
        "executeAgent",
        fields,
        { ...input, waitMs: client.random.of([0, waitMs]) },
        { credential: client.credentialOf(app) },
      );
      const { run, session: actual, replayed } = data.executeAgent;
      if (replayed && !wasRetried) {
        throw new ContradictionError(`The first attempt to create the run ${run.id} was answered as a replay`);
      }
      if (session && session.id !== actual.id) {
        throw new ContradictionError(`The run ${run.id} is in the session ${actual.id}, not in ${session.id}`);
      }
      const known = session ?? newSession(actual.id as string, actual.reference as string);
      if (!session) app.sessions.push(known);
      app.runs.push({ id: run.id, session: known, input, hasCallback, end: endOf(run), minDeliveries: 1 });
    },
  },
  {
    mutation: "cancelRun",
    weight: 1,
    isPossible: ({ runs }) => runs.some(mayBeRunning),
    async run(client, app) {
      const run = client.random.of(app.runs.filter(mayBeRunning));
      const options = { credential: client.credentialOf(app) };
      const { run: cancelled } = await client.mutate("cancelRun", runFields, { id: run.id }, options);
      const end = endOf(cancelled);
      if (!end) throw new ContradictionError(`cancelRun of ${run.id} succeeded, but the run has not finished`);
      run.end = end;
    },
  },
  {
    mutation: "replaceCallbackSecret",
    weight: 1,
    isPossible: always,
    async run(client, app) {
      const { secret } = await client.mutate("replaceCallbackSecret", "secret", { appId: app.id });
      app.callbackSecret = secret as string;
    },
  },
  {
    mutation: "redeliverCallback",
    weight: 0.5,
    isPossible: (app) => runsWithCallback(app).length > 0,
    async run(client, app) {
      const run = client.random.of(runsWithCallback(app));
      const query = `query ($runId: ID!) { callbackDeliveries(runId: $runId) { nodes { id status } } }`;
      const { callbackDeliveries } = await client.query(query, { runId: run.id });
      const [delivery] = callbackDeliveries.nodes;
      if (!delivery) throw new ContradictionError(`The run ${run.id} has no callback`);
      // Only if no delivery is in progress, one more is certain to follow.
      if (delivery.status !== "DELIVERED") return;
      const minDeliveries = client.services.receiver.countOf(run.id) + 1;
      const input = { id: delivery.id };
      await client.mutate("redeliverCallback", "callbackDelivery { id }", input, { alreadyDone: ["CONFLICT"] });
      run.minDeliveries = minDeliveries;
    },
  },
];
