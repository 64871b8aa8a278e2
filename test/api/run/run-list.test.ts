import { execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const server = useServer({}, { "test:model": new TestModel() });

const list = `query ($appId: ID!, $filter: RunFilter, $first: Int, $after: String) {
  runs(appId: $appId, filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id status }
  }
}`;

async function runsOf(appId: string, filter: object = {}, page: object = {}): Promise<any> {
  return (await server.current.admin.data(list, { appId, filter, ...page })).runs;
}

const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);

test("an administrator lists the runs of an app, newest first, by agent, key, status and time", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const key = await app.key();
  const [one, two] = [await app.agent(), await app.agent()];
  const ofKey = (await execute(key, { agentId: one })).run.id as string;
  const ofAdmin = (await app.run({ agentId: two })).id;
  const failed = (await app.run({ agentId: two, text: "x" })).id;
  await server.current.sql(`UPDATE run SET status = 'FAILED' WHERE id = '${failed}'`);
  await other.run({ agentId: await other.agent() });

  const all = await runsOf(app.id);
  expect([all.totalCount, idsOf(all)]).toEqual([3, [failed, ofAdmin, ofKey]]);
  expect(idsOf(await runsOf(app.id, { agentId: two }))).toEqual([failed, ofAdmin]);
  expect(idsOf(await runsOf(app.id, { apiKeyId: key.keyId }))).toEqual([ofKey]);
  expect(idsOf(await runsOf(app.id, { status: "FAILED" }))).toEqual([failed]);
  expect(idsOf(await runsOf(app.id, { agentId: two, status: "SUCCEEDED" }))).toEqual([ofAdmin]);
  expect(idsOf(await runsOf(app.id, { apiKeyId: key.keyId, status: "FAILED" }))).toEqual([]);
  expect(idsOf(await runsOf(app.id, { createdBefore: "2020-01-01T00:00:00Z" }))).toEqual([]);
  expect(idsOf(await runsOf(app.id, { createdAfter: "2020-01-01T00:00:00Z" }))).toHaveLength(3);

  const first = await runsOf(app.id, {}, { first: 2 });
  expect([idsOf(first), first.pageInfo.hasNextPage]).toEqual([[failed, ofAdmin], true]);
  expect(idsOf(await runsOf(app.id, {}, { first: 2, after: first.pageInfo.endCursor }))).toEqual([ofKey]);
});

test("a filter by agent and key together, which no index serves, is refused, and so is an unknown app", async () => {
  const { id } = await server.current.newApp();
  const code = (appId: string, filter: object) => server.current.admin.code(list, { appId, filter });
  expect(await code(id, { agentId: "a", apiKeyId: "b" })).toBe("BAD_USER_INPUT");
  expect(await code("none", {})).toBe("NOT_FOUND");
});
