import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { type TestProcess, useProcesses } from "../support/process";
import { eventsOf, execute, expectWhole, finished } from "../support/runs";
import type { TestStore } from "../support/store";
import type { KeyHolder, TestApp } from "../support/test-app";

const processes = useProcesses();

/** Where the deeds are done: the clients reach whatever server is at the port, the first one and the later ones. */
interface Scene {
  readonly app: TestApp;
  readonly key: KeyHolder;
  readonly store: TestStore;
}
/** Sees for itself that what was answered with success is so. */
type Claim = () => Promise<void>;
type Deed = (scene: Scene) => Promise<Claim>;

const createAgent: Deed = async ({ app, key }) => {
  const id = await app.agent({ name: randomUUID() });
  return async () => {
    expect(await key.data(`query ($id: ID!) { agent(id: $id) { id } }`, { id })).toEqual({ agent: { id } });
  };
};

const openSession: Deed = async ({ key }) => {
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

const revokeKey: Deed = async ({ app }) => {
  const revoked = await app.key({ agents: "VIEW" });
  const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
  await app.server.admin.data(revoke, { id: revoked.keyId });
  return async () => {
    const [error] = await revoked.errors(`{ agents { totalCount } }`);
    expect(error?.extensions).toMatchObject({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });
  };
};

const narrowScope: Deed = async ({ app }) => {
  const narrowed = await app.key({ agents: "FULL" });
  const narrow = `mutation ($id: ID!) { updateScope(input: { id: $id, permissions: {} }) { scope { id } } }`;
  await app.server.admin.data(narrow, { id: narrowed.scopeId });
  return async () => expect(await narrowed.code(`{ agents { totalCount } }`)).toBe("FORBIDDEN");
};

const uploadDocument: Deed = async ({ app, key, store }) => {
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
  (waitMs: number): Deed =>
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

const deeds = [createAgent, openSession, revokeKey, narrowScope, uploadDocument, executeAgent(0), executeAgent(10_000)];

test.each(["SIGKILL", "SIGTERM"] as const)(
  "%s in the middle of a burst: nothing is lost of what was answered, and each run has ended once",
  async (signal) => {
    const { environment: fresh, store } = await processes.freshWithStore();
    let server = await processes.serve(fresh);
    const app = await server.newApp();
    const scene = { app, key: await app.key(), store };

    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (count) => {
        const { claims, failures } = await burst(server, signal, scene, count);
        expect(claims.length).toBeGreaterThanOrEqual(count);
        expect(failures).toEqual(deeds.map(() => expect.stringMatching(/^(ECONNREFUSED|ECONNRESET|EPIPE)\b/)));
        expect(server.exit).toBe(signal === "SIGTERM" ? 0 : signal);

        server = await processes.serve(server.environment);
        await Promise.all(claims.map((claim) => claim()));
      }),
      { numRuns: 3, endOnFailure: true },
    );
  },
);

/** Does all deeds at once, again and again; sends the signal when so many have succeeded; ends when each has failed. */
async function burst(server: TestProcess, signal: NodeJS.Signals, scene: Scene, count: number) {
  const claims: Claim[] = [];
  const doAgain = async (deed: Deed): Promise<unknown> => {
    try {
      for (;;) {
        claims.push(await deed(scene));
        if (claims.length === count) server.signal(signal);
      }
    } catch (error) {
      // supertest tells of a connection that is refused by words alone, which begin with the code.
      const { code, message } = error as NodeJS.ErrnoException;
      return code ?? message;
    }
  };
  const failures = await Promise.all(deeds.map(doAgain));
  await server.exited;
  return { claims, failures };
}
