import { sceneOn, sharedBy } from "./support/instances";
import { useModelServer } from "./support/model-server";
import { useProcesses } from "./support/process";
import { execute } from "./support/runs";
import { type Closing, transports } from "./support/streams";
import { KeyHolder } from "./support/test-app";

const processes = useProcesses();
const model = useModelServer();
const runEvents = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;

test.each([
  ["a revoked key", `mutation ($key: ID!) { revokeApiKey(input: { id: $key }) { apiKey { id } } }`],
  [
    "a narrowed scope",
    `mutation ($scope: ID!) { updateScope(input: { id: $scope, permissions: {} }) { scope { id } } }`,
  ],
])(
  "the streams of %s end within two seconds on the instances that were not asked",
  async (_what, mutation) => {
    const shared = sharedBy(await processes.fresh(), model.current);
    const [asked, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
    const { key, agent, app } = await sceneOn(asked, model.current);
    const { run } = await execute(key, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });

    const there = new KeyHolder(other.url, key.secret, key.keyId, key.scopeId);
    const stays = new KeyHolder(other.url, (await app.key()).secret, "", "");
    const readers = Object.values(transports).map((open) => open(there, runEvents, { runId: run.id }));
    const unconcerned = transports.WebSocket(stays, runEvents, { runId: run.id });
    for (const reader of [...readers, unconcerned]) await reader.until(3);

    await asked.admin.data(mutation, mutation.includes("$key") ? { key: key.keyId } : { scope: key.scopeId });
    const revoked = performance.now();
    const [webSocket] = await Promise.all(readers.map(({ end }) => end));
    expect(performance.now() - revoked).toBeLessThan(2_000);
    expect((webSocket as Closing).code).toBe(4403);
    expect(readers[1]?.results.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHENTICATED" });
    await unconcerned.until(unconcerned.results.length + 20);
    await unconcerned.leave();
  },
  60_000,
);
