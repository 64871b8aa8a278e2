import { sharedEnvironment } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { eventually } from "../support/runs";
import { KeyHolder } from "../support/test-app";
import { testTimings } from "../support/timings";

const processes = useProcesses({ ...testTimings, usage: { flushIntervalMs: 300 } });
const model = useModelServer();

test("what two instances count of a key adds up, on each of them, and nothing is counted twice", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [one, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const app = await one.newApp();
  const { secret, keyId, scopeId } = await app.key();
  const send = (server: { readonly url: string }, count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        new KeyHolder(server.url, secret, keyId, scopeId).data("{ viewer { name } }"),
      ),
    );
  const requestsOn = async (server: typeof one) =>
    (
      await server.admin.data(`query ($appId: ID!) { usage(appId: $appId, groupBy: [KEY]) { total { requests } } }`, {
        appId: app.id,
      })
    ).usage.total.requests as number;
  const expectRequests = async (requests: number) => {
    for (const server of [one, other]) {
      await eventually(async () => (await requestsOn(server)) >= requests);
      expect(await requestsOn(server)).toBe(requests);
    }
  };

  await Promise.all([send(one, 7), send(other, 11)]);
  await expectRequests(18);
  // Both add to the rows that are there by now.
  await Promise.all([send(one, 5), send(other, 3)]);
  await expectRequests(26);
});
