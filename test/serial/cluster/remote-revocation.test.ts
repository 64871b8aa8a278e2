import { setTimeout as delay } from "node:timers/promises";
import { sceneOn, sharedBy } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { execute } from "../../support/runs";
import { SlowDownload } from "../../support/slow-download";
import { SlowRequest } from "../../support/slow-request";
import { type Closing, transports } from "../../support/streams";
import { KeyHolder } from "../../support/test-app";

const processes = useProcesses();
const model = useModelServer();
const runEvents = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;
const refused: unknown = expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/);

const ways = [
  ["a revoked key", `mutation ($key: ID!) { revokeApiKey(input: { id: $key }) { apiKey { id } } }`],
  [
    "a narrowed scope",
    `mutation ($scope: ID!) { updateScope(input: { id: $scope, permissions: {} }) { scope { id } } }`,
  ],
] as const;
const variablesOf = (mutation: string, { keyId, scopeId }: KeyHolder) =>
  mutation.includes("$key") ? { key: keyId } : { scope: scopeId };

/** Two instances, and a key that is used on the one that is not asked to take its rights away. */
async function keyElsewhere() {
  const shared = sharedBy(await processes.fresh(), model.current);
  const [asked, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const app = await asked.newApp();
  const key = await app.key();
  return { asked, app, key, there: new KeyHolder(other.url, key.secret, key.keyId, key.scopeId) };
}

test.each(ways)(
  "the streams of %s end within two seconds on the instances that were not asked",
  async (_what, mutation) => {
    const shared = sharedBy(await processes.fresh(), model.current);
    const [asked, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
    const { key, agent, app } = await sceneOn(asked, model.current);
    const { run } = await execute(key, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });

    const there = new KeyHolder(other.url, key.secret, key.keyId, key.scopeId);
    const stays = new KeyHolder(other.url, (await app.key()).secret, "", "");
    const readers = Object.values(transports).map((open) => open(there, runEvents, { runId: run.id }));
    const unconcerned = [stays, other.admin].map((each) => transports.WebSocket(each, runEvents, { runId: run.id }));
    for (const reader of [...readers, ...unconcerned]) await reader.until(3);

    await asked.admin.data(mutation, variablesOf(mutation, key));
    const revoked = performance.now();
    const [webSocket] = await Promise.all(readers.map(({ end }) => end));
    expect(performance.now() - revoked).toBeLessThan(2_000);
    expect((webSocket as Closing).code).toBe(4403);
    expect(readers[1]?.results.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHENTICATED" });
    for (const reader of unconcerned) {
      await reader.until(reader.results.length + 20);
      await reader.leave();
    }
  },
);

test("a stream tells nothing that was made after its key was revoked on another instance", async () => {
  const shared = sharedBy(await processes.fresh(), model.current);
  const [asked, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const { app, key, agent } = await sceneOn(asked, model.current);
  const { run } = await execute(key, { agentId: await agent("clock"), text: "What time is it?", waitMs: 0 });

  // Each at another time between two of the moments at which rights are judged anyway.
  for (let i = 0; i < 5; i++) {
    const revoked = await app.key();
    const there = new KeyHolder(other.url, revoked.secret, revoked.keyId, revoked.scopeId);
    const readers = Object.values(transports).map((open) => open(there, runEvents, { runId: run.id }));
    for (const reader of readers) await reader.until(3);
    await asked.admin.data(ways[0][1], { key: revoked.keyId });
    const answered = performance.now();
    await Promise.all(readers.map(({ end }) => end));
    const times = readers.flatMap(({ results }) => results.map(({ data }) => Number.parseFloat(data?.runEvents.text)));
    expect(times.filter((time) => time > answered)).toEqual([]);
  }
});

test.each(ways)(
  "an upload that is under way with %s is refused within two seconds on an instance that was not asked",
  async (_what, mutation) => {
    const { asked, app, key, there } = await keyElsewhere();
    const upload = await SlowRequest.upload(there, await app.session(), "The barn is red.\n".repeat(1_000));

    const answer = upload.answer();
    await asked.admin.data(mutation, variablesOf(mutation, key));
    const revoked = performance.now();
    const { body } = await answer;
    expect(performance.now() - revoked).toBeLessThan(2_000);
    expect(body).toMatchObject({ errors: [{ extensions: { code: refused } }] });
  },
);

test.each(ways)(
  "a download that is under way with %s is cut off within two seconds on an instance that was not asked",
  async (_what, mutation) => {
    const { asked, app, key, there } = await keyElsewhere();
    const [download, stays] = [await SlowDownload.begin(app, there), await SlowDownload.begin(app, await app.key())];

    await asked.admin.data(mutation, variablesOf(mutation, key));
    await delay(2_000);
    expect(await download.rest()).toBe(false);
    expect(await stays.rest()).toBe(true);
  },
);
