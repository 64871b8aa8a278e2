import { cancel, eventsOf, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";

/** Always on SQLite, whose plans do not depend on the number of rows. */
const server = useServer({ DATABASE_URL: "" });

const readsRows = /^\s*(SELECT|UPDATE|DELETE)/;

/** The query plans of all statements that the work sends. */
async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
  const statements = (await statementsOf(work)).filter((statement) => readsRows.test(statement));
  const plans = await Promise.all(
    statements.map((statement) => server.current.sql(`EXPLAIN QUERY PLAN ${statement.replaceAll("?", "NULL")}`)),
  );
  return plans.flat().map(({ detail }) => detail as string);
}

test("no statement scans a whole table to find the rows of one app, session or run", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const lists = [
    "",
    '(filter: { reference: "r" })',
    '(filter: { userReference: "u" })',
    "(filter: { status: ACTIVE })",
  ];

  const plans = await plansOf(async () => {
    const { run, session } = await execute(key, { agentId, session: { reference: "r" }, idempotencyKey: "k" });
    await app.document(session.id);
    await execute(key, { agentId, session: { reference: "r" } });
    await eventsOf(key, run.id);
    await cancel(key, run.id);
    for (const list of lists) {
      await key.data(
        `{ sessions${list} { totalCount nodes { documents { id } runs { nodes { id } } messages { nodes { id } } } } }`,
      );
    }
    await key.data(`mutation { terminateSession(input: { reference: "r" }) { session { id } } }`);
    await key.data(`mutation { terminateSession(input: { reference: "r" }) { session { id } } }`);
    const { admin } = server.current;
    await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
      id: key.scopeId,
    });
    await admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  });

  // Subqueries are scanned completely, and have these names.
  const subquery = /^SCAN (ranked|waiting|running|dummy_table|CONSTANT ROW|\(subquery-\d+\))( LEFT-JOIN)?$/;
  const scans = plans.filter((plan) => plan.startsWith("SCAN") && !subquery.test(plan));
  expect(scans).toEqual([]);
  // The scheduler looks at all queued and running runs, whose number is limited, by their index only.
  const next = "SEARCH run USING COVERING INDEX run_status_app (status=?)";
  expect(plans).toContain(next);
  expect(plans.filter((plan) => plan.endsWith("(status=?)") && plan !== next)).toEqual([]);
  expect(plans).toContainEqual(expect.stringMatching(/Session USING INDEX .* \(appId=\? AND activeReference=\?\)$/));
});
