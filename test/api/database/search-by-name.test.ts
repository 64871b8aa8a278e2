import { useServer } from "../../support/server";

const server = useServer();

test("apps, scopes and agents are found by a part of their name, in either case, and only where the caller may look", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const { admin } = server.current;
  const mark = app.id.slice(-8);
  for (const { id } of [app, other]) {
    await admin.data(`mutation { updateApp(input: { id: "${id}", name: "100%_Farm ${mark} ${id}" }) { app { id } } }`);
    for (const name of ["Barn_1 keepers", "Barnx1 keepers", "Visitors"]) {
      await admin.data(`mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`, {
        input: { appId: id, name, permissions: { agents: "VIEW" } },
      });
    }
  }
  for (const name of ["Barn guide", "Stable guide"]) await app.agent({ name });
  const namesOf = async (list: string, search: string | null, by = admin) => {
    const data = await by.data(`query ($search: String) { ${list} { nodes { name } } }`, { search });
    return (Object.values(data)[0] as { nodes: { name: string }[] }).nodes.map(({ name }) => name);
  };
  const scopes = `scopes(appId: "${app.id}", search: $search)`;
  expect(await namesOf(scopes, "bARN_1")).toEqual(["Barn_1 keepers"]);
  expect(await namesOf(scopes, "%")).toEqual([]);
  expect(await namesOf(scopes, null)).toEqual(expect.arrayContaining(["Barn_1 keepers", "Barnx1 keepers", "Visitors"]));
  expect(await namesOf("apps(search: $search)", `%_FARM ${mark}`)).toHaveLength(2);
  expect(await namesOf("apps(search: $search)", other.id)).toHaveLength(1);
  const key = await app.key({ agents: "VIEW" });
  expect(await namesOf("agents(search: $search)", "BARN", key)).toEqual(["Barn guide"]);
  const [error] = await admin.errors(`{ apps(search: "") { nodes { id } } }`);
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "search" }] });
});
