import { allowHosts } from "../../support/allowed-hosts";
import { deliveryOf, newSender } from "../../support/callbacks";
import { useReceiver } from "../../support/receiver";
import { narrow } from "../../support/revocations";
import { eventually, execute, finishRuns, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer(allowHosts("127.0.0.1"), { "test:model": model });
afterEach(() => finishRuns(server.current, model));

type LoseAndRegain = (scopeId: string) => Promise<unknown>;

const ways: [name: string, loseAndRegain: LoseAndRegain][] = [
  [
    "in two requests",
    async (id) => {
      await server.current.admin.data(narrow, { id, runtime: ["SESSION_VIEW"] });
      await server.current.admin.data(narrow, { id, runtime: ["RUN", "SESSION_VIEW"] });
    },
  ],
  [
    "in one request",
    (id) =>
      server.current.admin.data(
        `mutation ($id: ID!) {
          lost: updateScope(input: { id: $id, permissions: { runtime: [SESSION_VIEW] } }) { scope { id } }
          regained: updateScope(input: { id: $id, permissions: { runtime: [RUN, SESSION_VIEW] } }) { scope { id } }
        }`,
        { id },
      ),
  ],
];

describe.each(ways)("when a scope loses RUN and regains it %s", (_, loseAndRegain) => {
  test("the runs of its keys that were queued and running stay cancelled, and new ones are executed", async () => {
    const app = await server.current.newApp();
    const agentId = await app.agent({ model: "test:model" });
    const key = await app.key();
    const { run, session } = await execute(key, { agentId, text: "one hold two", waitMs: 0 });
    await eventually(() => model.holding === 1);
    const queued = (await execute(key, { agentId, session: { id: session.id }, waitMs: 0 })).run;

    await loseAndRegain(key.scopeId);
    for (const { id } of [run, queued]) {
      expect(await runOf(server.current.admin, id)).toMatchObject({
        status: "CANCELLED",
        error: { code: "ACCESS_REVOKED" },
      });
    }
    await eventually(() => model.holding === 0, 1_000);
    const later = await execute(key, { agentId, session: { id: session.id } });
    expect(await finished(key, later.run.id)).toMatchObject({ status: "SUCCEEDED" });
  });

  test("the callbacks of its keys that were pending are not posted, and new ones are", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const callbackUrl = receiver.current.url(path, 500, 200);
    const { run } = await execute(key, { agentId, callbackUrl });
    await eventually(async () => (await deliveryOf(server.current.admin, run.id)).nextAttemptAt !== null);

    await loseAndRegain(key.scopeId);
    expect(await deliveryOf(server.current.admin, run.id)).toMatchObject({ status: "CANCELLED", nextAttemptAt: null });
    const later = await execute(key, { agentId, callbackUrl: receiver.current.url(`${path}/later`, 200) });
    await eventually(async () => (await deliveryOf(server.current.admin, later.run.id)).status === "DELIVERED");
  });
});
