import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { type TestProcess, useProcesses } from "../support/process";
import { eventsOf, execute, expectWhole, finished } from "../support/runs";
import type { TestStore } from "../support/store";
import type { KeyHolder, TestApp } from "../support/test-app";

const processes = useProcesses();

/** Valid across restarts, because each server uses the same port. */
interface Fixture {
  readonly app: TestApp;
  readonly key: KeyHolder;
  readonly store: TestStore;
}
/** Checks that an acknowledged write can be read back. */
type Check = () => Promise<void>;
type WriteOperation = (fixture: Fixture) => Promise<Check>;

const createAgent: WriteOperation = async ({ app, key }) => {
  const id = await app.agent({ name: randomUUID() });
  return async () => {
    expect(await key.data(`query ($id: ID!) { agent(id: $id) { id } }`, { id })).toEqual({ agent: { id } });
  };
};

const openSession: WriteOperation = async ({ key }) => {
  const reference = randomUUID();
  const { createSession } = await key.data(
    `mutation ($reference: String!) { createSession(input: { reference: $reference }) { session { id } } }`,
    { reference },
  );
  return async () => {
    const query = `query ($reference: String!) { sessions(filter: { reference: $reference }) { nodes { id } } }`;
    expect((await key.data(query, { reference })).sessions.nodes).toEqual([createSession.session]);
  };
};

const revokeKey: WriteOperation = async ({ app }) => {
  const revoked = await app.key({ agents: "VIEW" });
  const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
  await app.server.admin.data(revoke, { id: revoked.keyId });
  return async () => {
    const [error] = await revoked.errors(`{ agents { totalCount } }`);
    expect(error?.extensions).toMatchObject({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });
  };
};

const narrowScope: WriteOperation = async ({ app }) => {
  const narrowed = await app.key({ agents: "FULL" });
  const narrow = `mutation ($id: ID!) { updateScope(input: { id: $id, permissions: {} }) { scope { id } } }`;
  await app.server.admin.data(narrow, { id: narrowed.scopeId });
  return async () => expect(await narrowed.code(`{ agents { totalCount } }`)).toBe("FORBIDDEN");
};

const uploadDocument: WriteOperation = async ({ app, key, store }) => {
  const sessionId = await app.session();
  const { body } = await key.upload(sessionId, `The barn is ${randomUUID()}.`);
  const { id, sha256 } = body.data.uploadDocument.document;
  return async () => {
    const query = `query ($id: ID!) { session(id: $id) { documents { id } } }`;
    expect(await key.data(query, { id: sessionId })).toEqual({ session: { documents: [{ id }] } });
    const content = await store.contentOf(id as string);
    expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
  };
};

const executeAgent =
  (waitMs: number): WriteOperation =>
  async ({ app, key }) => {
    const input = { agentId: await app.agent(), idempotencyKey: randomUUID(), waitMs };
    const { run } = await execute(key, input);
    return async () => {
      const ended = await finished(key, run.id as string);
      if (run.status === "SUCCEEDED") expect(ended).toEqual(run);
      else expect(["SUCCEEDED", "INTERRUPTED"]).toContain(ended.error?.code ?? ended.status);
      expectWhole(await eventsOf(key, ended.id as string), ended);
      expect(await execute(key, input)).toMatchObject({ replayed: true, run: { id: ended.id } });
    };
  };

const operations = [
  createAgent,
  openSession,
  revokeKey,
  narrowScope,
  uploadDocument,
  executeAgent(0),
  executeAgent(10_000),
];

test.each(["SIGKILL", "SIGTERM"] as const)(
  "%s during a burst: no acknowledged write is lost, and each run ends once",
  async (signal) => {
    const { environment: fresh, store } = await processes.freshWithStore();
    let server = await processes.serve(fresh);
    const app = await server.newApp();
    const fixture = { app, key: await app.key(), store };

    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (count) => {
        const { checks, failures } = await burst(server, signal, fixture, count);
        expect(checks.length).toBeGreaterThanOrEqual(count);
        expect(failures).toEqual(operations.map(() => expect.stringMatching(/^(ECONNREFUSED|ECONNRESET|EPIPE)\b/)));
        expect(server.exit).toBe(signal === "SIGTERM" ? 0 : signal);

        server = await processes.serve(server.environment);
        await Promise.all(checks.map((check) => check()));
      }),
      { numRuns: 3, endOnFailure: true },
    );
  },
);

/** Repeats all operations concurrently, sends the signal once `count` have succeeded, and ends when each has failed. */
async function burst(server: TestProcess, signal: NodeJS.Signals, fixture: Fixture, count: number) {
  const checks: Check[] = [];
  const repeat = async (operation: WriteOperation): Promise<unknown> => {
    try {
      for (;;) {
        checks.push(await operation(fixture));
        if (checks.length === count) server.signal(signal);
      }
    } catch (error) {
      // supertest reports a refused connection without a code, with a message that begins with it.
      const { code, message } = error as NodeJS.ErrnoException;
      return code ?? message;
    }
  };
  const failures = await Promise.all(operations.map(repeat));
  await server.exited;
  return { checks, failures };
}
