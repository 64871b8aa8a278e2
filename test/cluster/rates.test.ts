import { sharedEnvironment } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { KeyHolder } from "../support/test-app";

const processes = useProcesses();
const model = useModelServer();

test("two instances count the requests of a key together", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [one, other] = await Promise.all([processes.serve(shared), processes.serve(shared)]);
  const { secret, keyId, scopeId } = await (await one.newApp()).key();
  // Sixty points in a window of a minute.
  const limits = `mutation ($id: ID!) {
    updateApiKey(input: { id: $id, limits: { requestsPerSecond: 1, requestBurst: 60 } }) { apiKey { id } }
  }`;
  await one.admin.data(limits, { id: keyId });

  const responses = await Promise.all(
    Array.from({ length: 80 }, (_, i) => {
      const { url } = i % 2 === 0 ? one : other;
      return new KeyHolder(url, secret, keyId, scopeId).send("{ viewer { name } }");
    }),
  );
  const statuses = responses.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array<number>(60).fill(200), ...Array<number>(20).fill(429)]);
});
