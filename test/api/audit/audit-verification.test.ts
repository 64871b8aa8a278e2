import { useServer } from "../../support/server";

const server = useServer();
const verify = async (appId: string, after?: number) => {
  const query = `query ($appId: ID, $after: Int) {
    auditVerification(appId: $appId, after: $after) { verifiedUpTo lastSequence fault { sequence problem } }
  }`;
  return (await server.current.admin.data(query, { appId, ...(after !== undefined && { after }) })).auditVerification;
};

/** Makes entries in the log of the app: one for each of its names. */
async function rename(appId: string, times: number): Promise<void> {
  const perOperation = 26;
  for (let from = 0; from < times; from += perOperation) {
    const fields = Array.from({ length: Math.min(perOperation, times - from) }, (_, i) => {
      return `m${i}: updateApp(input: { id: "${appId}", description: "${from + i}" }) { app { id } }`;
    });
    await server.current.admin.data(`mutation { ${fields.join("\n")} }`);
  }
}

test("the log of an app is verified part by part, up to its last entry", async () => {
  const app = await server.current.newApp();
  await rename(app.id, 520);
  const first = await verify(app.id);
  expect(first).toEqual({ verifiedUpTo: 500, lastSequence: 521, fault: null });
  expect(await verify(app.id, 500)).toEqual({ verifiedUpTo: 521, lastSequence: 521, fault: null });
  expect(await verify(app.id, 521)).toEqual({ verifiedUpTo: 521, lastSequence: 521, fault: null });

  await server.current.sql(
    `UPDATE audit_entry SET actorName = 'nobody' WHERE chainId = '${app.id}' AND sequence = 500`,
  );
  const fault = { sequence: 500, problem: "it was changed" };
  expect(await verify(app.id)).toEqual({ verifiedUpTo: 499, lastSequence: 521, fault });
  expect(await verify(app.id, 500)).toEqual({ verifiedUpTo: 0, lastSequence: 521, fault });
  await server.current.sql(`DELETE FROM audit_entry WHERE chainId = '${app.id}' AND sequence = 500`);
  expect((await verify(app.id, 500)).fault).toEqual({ sequence: 500, problem: "it was removed" });
  expect((await verify(app.id, 400)).fault).toEqual({ sequence: 500, problem: "it was removed" });
});

test("an end that was cut off is found", async () => {
  const app = await server.current.newApp();
  await rename(app.id, 3);
  await server.current.sql(`DELETE FROM audit_entry WHERE chainId = '${app.id}' AND sequence = 4`);
  expect(await verify(app.id)).toEqual({
    verifiedUpTo: 3,
    lastSequence: 4,
    fault: { sequence: 4, problem: "it was removed" },
  });
  await server.current.sql(`DELETE FROM audit_head WHERE chainId = '${app.id}'`);
  expect((await verify(app.id)).fault).toEqual({ sequence: 1, problem: "the head of the chain was removed" });
});

test("an entry that does not exist yet can't have been verified, and an unknown app has no entries", async () => {
  const app = await server.current.newApp();
  for (const after of [-1, 2]) {
    const query = `{ auditVerification(appId: "${app.id}", after: ${after}) { verifiedUpTo } }`;
    const [error] = await server.current.admin.errors(query);
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "after" }] });
  }
  expect(await verify("none")).toEqual({ verifiedUpTo: 0, lastSequence: 0, fault: null });
});
