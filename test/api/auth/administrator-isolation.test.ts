import { allowHosts } from "../../support/allowed-hosts";
import { type NamedAdministrator, newAdministrator } from "../../support/administrators";
import { mutations, queries } from "../../support/cross-tenant-arguments";
import type { Holdings } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { useServer } from "../../support/server";
import { overSse } from "../../support/stream-clients";
import { askTwice, askWith, createForeign, createOwn, everythingOf } from "../../support/tenant-isolation";

const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") });

let own: Awaited<ReturnType<typeof createOwn>>;
let foreign: Holdings;
let foreignBefore: unknown;
const administrators: Partial<Record<string, NamedAdministrator>> = {};

beforeAll(async () => {
  const app = await server.current.newApp();
  foreign = await createForeign(server.current, receiver.current, app, await app.key());
  foreignBefore = await everythingOf(server.current, foreign.app);
});

beforeEach(async () => {
  own = await createOwn(await server.current.newApp());
  for (const role of ["ADMIN", "KEY_MANAGER", "AUDITOR"] as const)
    administrators[role] = await newAdministrator(server.current, { role, appIds: [own.app] });
});

afterEach(async () => {
  expect(await everythingOf(server.current, foreign.app)).toEqual(foreignBefore);
});

const confined = (role: string): NamedAdministrator => {
  const administrator = administrators[role];
  if (!administrator) throw new Error("No such role");
  return administrator;
};

describe.each(["ADMIN", "KEY_MANAGER", "AUDITOR"])("to a confined %s", (role) => {
  describe.each([
    ["query", queries],
    ["mutation", mutations],
  ] as const)("in a %s", (kind, rows) => {
    test.each(rows)("%s: a %s out of reach is indistinguishable from an unknown one", async (...row) => {
      await askTwice(askWith(confined(role), own, kind, row), foreign[row[1]]);
    });
  });

  test("UploadDocumentInput.sessionId and Subscription.runEvents(runId) likewise", async () => {
    await askTwice((it) => confined(role).upload(it, "The barn is red."), foreign.session);
    const query = `subscription ($it: ID!) { runEvents(runId: $it) { index } }`;
    await askTwice((it) => overSse(confined(role), query, { variables: { it } }), foreign.run);
  });

  test("lists have the administrator's apps, and nothing of others", async () => {
    const { apps } = await confined(role).data(`{ apps(first: 200) { totalCount nodes { id } } }`);
    expect(apps).toEqual({ totalCount: 1, nodes: [{ id: own.app }] });
  });
});

test("a deleted app leaves its administrators with no app, never with all", async () => {
  await server.current.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: own.app });
  const { apps, viewer } = await confined("ADMIN").data(`{ apps { totalCount } viewer { appIds } }`);
  expect([apps, viewer]).toEqual([{ totalCount: 0 }, { appIds: [own.app] }]);
});
